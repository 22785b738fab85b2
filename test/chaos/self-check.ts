import { rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';

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
// Each is eight processes and a Redis.
const MOST_TOGETHER = 3;

/** A run, and what has to come of it. */
interface Attempt {
  /** The protection that is switched off; undefined for a control run. */
  readonly unsafe: string | undefined;
  readonly only: readonly FaultKind[];
  /** One of these at least; none for a control run, which must find nothing. */
  readonly finds: readonly string[];
}

/**
 * Runs each unsafe mode for a short while, and once with nothing switched off. A check that does not notice
 * is worth nothing, and neither is one that always does. Runs mostly wait, so that some go side by side.
 *
 * @returns whether each was noticed, and by what was meant to notice it
 */
export async function selfCheck(options: ChaosOptions, tool: Tool, say: Say): Promise<boolean> {
  const waiting = attemptsFor(tool.unsafeModes);
  let isAlert = true;
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const found = await attempt(options, next, tool, say);
      const isNoticed = hasFoundIt(next, found);
      isAlert &&= isNoticed;
      say(
        `${isNoticed ? 'as it should be' : 'NOT AS IT SHOULD BE'}: ${nameOf(next)}: ${list(found)}`,
      );
    }
  };
  await Promise.all(Array.from({ length: Math.min(MOST_TOGETHER, availableParallelism()) }, lane));
  return isAlert;
}

function attemptsFor(modes: readonly string[]): Attempt[] {
  const trials = modes.map((unsafe): Attempt => {
    const trial = TRIALS[unsafe];
    if (trial === undefined) throw new Error(`there is no trial for --unsafe ${unsafe}`);
    return { ...trial, unsafe };
  });
  const kinds = [...new Set(trials.flatMap(({ only }) => only))];
  return [{ unsafe: undefined, only: kinds, finds: [] }, ...trials];
}

function hasFoundIt({ finds }: Attempt, found: Readonly<Record<string, number>>): boolean {
  const names = Object.keys(found);
  return finds.length === 0 ? names.length === 0 : finds.some((name) => names.includes(name));
}

function nameOf({ unsafe, only }: Attempt): string {
  return unsafe ?? `nothing switched off, ${only.join(', ')}`;
}

async function attempt(
  given: ChaosOptions,
  { unsafe, only }: Attempt,
  { build }: Tool,
  say: Say,
): Promise<Readonly<Record<string, number>>> {
  const options = { ...given, messages: MESSAGES, faults: FAULTS, unsafe, only };
  // Several lines that pass at the same time would overwrite one another.
  const quietly: Say = (line, isPassing) => (isPassing === true ? undefined : say(line));
  const evidence = await run(options, await build(unsafe), quietly);
  const { violations } = check(evidence);
  if (given.keep === undefined) rmSync(evidence.folder, { recursive: true });
  return Object.fromEntries([...violations].map(([name, { count }]) => [name, count]));
}

function list(violations: Readonly<Record<string, number>>): string {
  const names = Object.entries(violations).map(([name, count]) => `${name} ${count}`);
  return names.join(', ') || 'no violations';
}
