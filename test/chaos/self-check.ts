import { rmSync } from 'node:fs';

import { check } from './checker/index.js';
import type { ChaosOptions } from './cli.js';
import type { FaultKind } from './plan/timeline.js';
import { run, type Say } from './run.js';
import type { Tool } from './tool.js';

/** What brings out the lack of each protection, and how the checker calls it. */
const TRIALS: Readonly<Record<string, Trial>> = {
  'auto-resend': {
    only: ['proxy-cut-reply', 'proxy-half-reply', 'proxy-drop-replies', 'proxy-cut'],
    finds: ['storedTwice'],
  },
  'unfenced-settle': {
    only: ['freeze-consumer-beyond'],
    finds: ['forkedAttempt', 'attemptFromNowhere', 'doneAndDead', 'buriedTwice'],
  },
  'retry-to-log': { only: ['script-flush'], finds: ['storedTwice'] },
  maxlen: { only: ['script-flush'], finds: ['lost', 'unfinished'] },
};

interface Trial {
  readonly only: readonly FaultKind[];
  /** One of these at least. */
  readonly finds: readonly string[];
}

const MESSAGES = 1_500;
const FAULTS = 16;

/**
 * Runs each unsafe mode for a short while. A check that does not notice is worth nothing.
 *
 * @returns whether each was noticed, and by what was meant to notice it
 */
export async function selfCheck(options: ChaosOptions, tool: Tool, say: Say): Promise<boolean> {
  let isAlert = true;
  for (const mode of tool.unsafeModes) {
    const trial = TRIALS[mode];
    if (trial === undefined) throw new Error(`there is no trial for --unsafe ${mode}`);
    const found = await attempt(options, mode, trial, tool, say);
    const names = Object.entries(found).map(([name, count]) => `${name} ${count}`);
    const isNoticed = trial.finds.some((name) => name in found);
    isAlert &&= isNoticed;
    say(`${isNoticed ? 'noticed' : 'NOT NOTICED'}: ${mode}: ${names.join(', ') || 'nothing'}`);
  }
  return isAlert;
}

async function attempt(
  given: ChaosOptions,
  unsafe: string,
  { only }: Trial,
  { build }: Tool,
  say: Say,
): Promise<Readonly<Record<string, number>>> {
  const options = { ...given, unsafe, only, messages: MESSAGES, faults: FAULTS };
  const evidence = await run(options, await build(unsafe), say);
  const { violations } = check(evidence);
  if (given.keep === undefined) rmSync(evidence.folder, { recursive: true });
  return Object.fromEntries([...violations].map(([name, { count }]) => [name, count]));
}
