import { rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';

import { check } from './checker/index.js';
import type { ChaosOptions } from './cli.js';
import type { FaultKind } from './plan/timeline.js';
import { run } from './run.js';
import type { Say } from './say.js';
import type { Tool } from './tool.js';

/** The faults and settings that expose the lack of each protection, and the violations that they cause. */
const TRIALS: Readonly<Record<string, Trial>> = {
  'auto-resend': {
    only: ['proxy-cut-reply', 'proxy-half-reply', 'proxy-drop-replies', 'proxy-cut'],
    finds: ['storedTwice'],
  },
  'unfenced-settle': {
    only: ['freeze-consumer-beyond'],
    finds: ['forkedAttempt', 'attemptFromNowhere', 'doneAndDead', 'buriedTwice'],
    // Takes few faults and many consumers, so that another one is awake to take over from one that is frozen.
    settings: { consumers: 4, faults: 6 },
  },
  'retry-to-log': { only: ['script-flush'], finds: ['storedTwice'] },
  maxlen: { only: ['script-flush'], finds: ['lost', 'unfinished'] },
  // Each consumer finds 49 MiB on one queue. While reads are limited in bytes, no reply exceeds 16 MiB.
  'bodies-by-count': {
    only: [],
    finds: ['replyTooLarge'],
    settings: {
      ...{ messages: 0, backlog: 200, concurrency: 400, outputLimit: 24 },
      // No second consumer takes over, and nothing kills Redis: a busy machine or disk changes nothing.
      ...{ consumers: 1, publishers: 1, faults: 0, appendfsync: 'everysec' },
    },
  },
};

type Settings = Partial<ChaosOptions>;

const USUAL: Settings = { messages: 1_500, faults: 16 };

interface Trial {
  readonly only: readonly FaultKind[];
  /** Violations of which at least one must be found. */
  readonly finds: readonly string[];
  /** Settings that differ from those of the other trials. A trial with a backlog has a control run of its own. */
  readonly settings?: Settings;
}

// Chance decides what a fault hits, so one run may not expose the lack of a protection.
const TRIES = 3;
// Each run has eight processes and a Redis.
const MOST_TOGETHER = 3;

/** One run of the self-check, and the expected result. */
interface Attempt {
  /** The protection that is switched off; undefined for a control run. */
  readonly unsafe: string | undefined;
  readonly only: readonly FaultKind[];
  readonly settings: Settings;
  /** Violations of which at least one must be found; empty for a control run, which must find none. */
  readonly finds: readonly string[];
}

/**
 * Runs each unsafe mode briefly, and a control run with every protection in place for each group of settings. The runs
 * spend most of their time waiting, so several run side by side. A mode gets up to three runs, a control run only one.
 *
 * @returns true when each mode caused an expected violation and no control run caused any
 */
export async function selfCheck(options: ChaosOptions, tool: Tool, say: Say): Promise<boolean> {
  const waiting = attemptsFor(tool.unsafeModes);
  let isAlert = true;
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      isAlert = (await isAsExpected(options, next, tool, say)) && isAlert;
    }
  };
  await Promise.all(Array.from({ length: Math.min(MOST_TOGETHER, availableParallelism()) }, lane));
  return isAlert;
}

async function isAsExpected(
  options: ChaosOptions,
  next: Attempt,
  tool: Tool,
  say: Say,
): Promise<boolean> {
  const tries = next.unsafe === undefined ? 1 : TRIES;
  for (let count = 1; ; count += 1) {
    const seed = options.seed + count - 1;
    const found = await attempt({ ...options, seed }, next, tool, say);
    const isExpected = hasFoundIt(next, found);
    const isLast = isExpected || count === tries;
    const verdict = isExpected
      ? 'as expected'
      : isLast
        ? 'NOT AS EXPECTED'
        : 'unnoticed, runs again';
    say(`${verdict}: ${nameOf(next)}, seed ${seed}: ${list(found)}`);
    if (isLast) return isExpected;
  }
}

function attemptsFor(modes: readonly string[]): Attempt[] {
  const trials = modes.map((unsafe): Attempt => {
    const trial = TRIALS[unsafe];
    if (trial === undefined) throw new Error(`there is no trial for --unsafe ${unsafe}`);
    return { ...trial, settings: { ...USUAL, ...trial.settings }, unsafe };
  });
  const special = trials.filter(({ settings }) => settings.backlog !== undefined);
  const usual = trials.filter((trial) => !special.includes(trial));
  const control = { unsafe: undefined, finds: [] };
  const kinds = [...new Set(usual.flatMap(({ only }) => only))];
  // The longest runs come first.
  return [
    ...special.flatMap((trial) => [trial, { ...trial, ...control }]),
    { ...control, only: kinds, settings: USUAL },
    ...usual,
  ];
}

function hasFoundIt({ finds }: Attempt, found: Readonly<Record<string, number>>): boolean {
  const names = Object.keys(found);
  return finds.length === 0 ? names.length === 0 : finds.some((name) => names.includes(name));
}

function nameOf({ unsafe, only }: Attempt): string {
  return unsafe ?? `control run with ${only.join(', ') || 'a backlog'}`;
}

async function attempt(
  given: ChaosOptions,
  { unsafe, only, settings }: Attempt,
  { build }: Tool,
  say: Say,
): Promise<Readonly<Record<string, number>>> {
  const options = { ...given, ...settings, unsafe, only };
  // Progress lines of simultaneous runs would overwrite each other.
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
