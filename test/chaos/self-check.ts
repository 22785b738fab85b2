import { rmSync } from 'node:fs';

import { check } from './checker/index.js';
import type { ChaosOptions } from './cli.js';
import type { FaultKind } from './plan/timeline.js';
import { run } from './run.js';
import type { Say } from './say.js';
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
 * Runs each unsafe mode for a short while, and once with nothing switched off. A check that does not notice is worth
 * nothing, and neither is one that always does.
 *
 * @returns whether each was noticed, and by what was meant to notice it
 */
export async function selfCheck(options: ChaosOptions, tool: Tool, say: Say): Promise<boolean> {
  const kinds = [...new Set(Object.values(TRIALS).flatMap(({ only }) => only))];
  const control = await attempt(options, undefined, kinds, tool, say);
  let isAlert = Object.keys(control).length === 0;
  say(isAlert ? 'nothing is switched off: no violations' : `switched off or not: ${list(control)}`);
  for (const mode of tool.unsafeModes) {
    const trial = TRIALS[mode];
    if (trial === undefined) throw new Error(`there is no trial for --unsafe ${mode}`);
    const found = await attempt(options, mode, trial.only, tool, say);
    const isNoticed = trial.finds.some((name) => name in found);
    isAlert &&= isNoticed;
    say(`${isNoticed ? 'noticed' : 'NOT NOTICED'}: ${mode}: ${list(found)}`);
  }
  return isAlert;
}

async function attempt(
  given: ChaosOptions,
  unsafe: string | undefined,
  only: readonly FaultKind[],
  { build }: Tool,
  say: Say,
): Promise<Readonly<Record<string, number>>> {
  const options = { ...given, unsafe, only, messages: MESSAGES, faults: FAULTS };
  const evidence = await run(options, await build(unsafe), say);
  const { violations } = check(evidence);
  if (given.keep === undefined) rmSync(evidence.folder, { recursive: true });
  return Object.fromEntries([...violations].map(([name, { count }]) => [name, count]));
}

function list(violations: Readonly<Record<string, number>>): string {
  const names = Object.entries(violations).map(([name, count]) => `${name} ${count}`);
  return names.join(', ') || 'nothing';
}
