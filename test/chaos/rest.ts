import { setTimeout as sleep } from 'node:timers/promises';

import type { Redis } from 'ioredis';

import { leftoversOf } from './final-state.js';
import { readHistory } from './history.js';
import type { Slot } from './processes.js';
import type { Say } from './say.js';

// Polls: neither Redis nor the files of other processes notify anybody.
const LOOK_MS = 500;
const STARTED_LOOK_MS = 50;
const FINISH_MS = 90_000;
const START_MS = 30_000;

/**
 * Starts the processes, and resolves when all of them have begun their histories, or after half a minute.
 *
 * @returns how long that took, ms
 */
export async function untilStarted(slots: readonly Slot[]): Promise<number> {
  const from = Date.now();
  for (const slot of slots) slot.start();
  const isMissing = ({ history }: Slot): boolean => readHistory(history).length === 0;
  while (slots.some(isMissing) && Date.now() - from < START_MS) await sleep(STARTED_LOOK_MS);
  return Date.now() - from;
}

/**
 * Waits until the publishers have sent everything.
 *
 * @param plannedUntil planned time of the last send, epoch ms
 */
export async function untilPublished(
  slots: readonly Slot[],
  plannedUntil: number,
  say: Say,
): Promise<void> {
  const publishers = slots.filter(({ role }) => role === 'publisher');
  const deadline = Math.max(plannedUntil, Date.now()) + FINISH_MS;
  const unfinished = (): Slot[] =>
    publishers.filter(({ history }) => !readHistory(history).some(({ e }) => e === 'finished'));
  for (let left = unfinished(); left.length > 0; left = unfinished()) {
    if (Date.now() > deadline) {
      say(`publishers did not finish: ${left.map(({ name }) => name).join(', ')}`);
      return;
    }
    await sleep(LOOK_MS);
  }
}

/**
 * Waits until everything is handled, and gives up when nothing more is. Suspects run one at a time, which may take minutes.
 *
 * @param patienceMs longest time without progress
 * @param paths queues to look at
 * @returns what is left, `<what>` → how much
 */
export async function untilAtRest(
  redis: Redis,
  patienceMs: number,
  say: Say,
  paths?: readonly string[],
): Promise<Record<string, number>> {
  let least = Infinity;
  let deadline = 0;
  for (;;) {
    const left = await leftoversOf(redis, paths);
    const names = Object.keys(left);
    const total = Object.values(left).reduce((sum, count) => sum + count, 0);
    if (total < least) deadline = Date.now() + patienceMs;
    least = Math.min(least, total);
    if (names.length === 0) return {};
    const list = names.map((name) => `${name}: ${left[name]}`).join(', ');
    say(`still there: ${list}`, true);
    if (Date.now() > deadline) {
      say(`did not come to rest: ${list}`);
      return left;
    }
    await sleep(LOOK_MS);
  }
}
