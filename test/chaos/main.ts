import { check } from './checker/index.js';
import { readOptions, type ChaosOptions } from './cli.js';
import { conclude } from './outcome.js';
import { describe, resultOf } from './report.js';
import { run } from './run.js';
import { sayer, type Say } from './say.js';
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
  return conclude(result, describe(result, findings), options, evidence.folder, say);
}
