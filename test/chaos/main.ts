import { rmSync, writeFileSync } from 'node:fs';

import { check } from './checker/index.js';
import { readOptions, type ChaosOptions } from './cli.js';
import type { Programs } from './fleet.js';
import { describe, resultOf } from './report.js';
import { run, type Say } from './run.js';

/** What the tool that built this program provides. */
export interface Tool {
  readonly words: readonly string[];
  readonly unsafeModes: readonly string[];
  /** Builds the programs of the fleet, with a protection switched off if told. */
  build(unsafe: string | undefined): Promise<Programs>;
}

/** @returns the exit code */
export async function chaos({ words, unsafeModes, build }: Tool): Promise<number> {
  const options = readOptions(words, unsafeModes);
  if (typeof options === 'number') return options;
  return runOnce(options, await build(options.unsafe));
}

async function runOnce(options: ChaosOptions, programs: Programs): Promise<number> {
  const say = sayer();
  say(`seed ${options.seed}, ${options.messages} messages, ${options.topology}`);
  const evidence = await run(options, programs, say);
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
