import { rmSync, writeFileSync } from 'node:fs';

import { check } from './checker/index.js';
import { readOptions, type ChaosOptions } from './cli.js';
import { describe, resultOf } from './report.js';
import { run, type Say } from './run.js';
import { selfCheck } from './self-check.js';
import { soak } from './soak/index.js';
import type { Tool } from './tool.js';

/** @returns the exit code */
export async function chaos(tool: Tool): Promise<number> {
  const options = readOptions(tool.words, tool.unsafeModes);
  if (typeof options === 'number') return options;
  const say = sayer();
  if (options.selfCheck) return (await selfCheck(options, tool, say)) ? 0 : 1;
  if (options.minutes !== undefined) {
    return soak({ ...options, minutes: options.minutes }, await tool.build(undefined), say);
  }
  return runOnce(options, tool, say);
}

async function runOnce(options: ChaosOptions, { build }: Tool, say: Say): Promise<number> {
  say(`seed ${options.seed}, ${options.messages} messages, ${options.topology}`);
  const evidence = await run(options, await build(options.unsafe), say);
  const findings = check(evidence);
  const result = resultOf(evidence, findings);
  process.stdout.write(describe(result, findings));
  if (options.json !== undefined) {
    writeFileSync(options.json, `${JSON.stringify(result, undefined, 2)}\n`);
  }
  const isViolated = Object.keys(result.violations).length > 0;
  if (isViolated) say(`the histories are in ${evidence.folder}`);
  else if (options.keep === undefined) rmSync(evidence.folder, { recursive: true });
  return isViolated ? 1 : 0;
}

/** What passes is overwritten on a terminal and left out elsewhere. */
function sayer(): Say {
  let width = 0;
  return (line, isPassing = false) => {
    if (isPassing && !process.stderr.isTTY) return;
    const text = isPassing ? line.slice(0, process.stderr.columns - 1) : line;
    process.stderr.write(
      isPassing ? `\r${text.padEnd(width)}` : `${width > 0 ? '\n' : ''}${text}\n`,
    );
    width = isPassing ? text.length : 0;
  };
}
