import type { Rule } from './rule.js';

/**
 * What becomes of instants that nobody was there for. An instant is missed when its successor is due too, or when it is
 * more than a minute late.
 *
 * - `none`: what was missed is skipped
 * - `last`: one message for all that was missed, that of the last instant
 * - `all`: one message for each instant, in their order
 */
export type CatchUp = 'none' | 'last' | 'all';

export function isCatchUp(value: unknown): value is CatchUp {
  return value === 'none' || value === 'last' || value === 'all';
}

/** More than a failover, a restart and a look of somebody else's sweeper take. */
export const MISSED_AFTER_MS = 60_000;

/** A script holds up everybody else on the server while it runs; the rest follows in the next one, at once. */
export const MOST_PER_TICK = 100;

/** The end of the year 9999: a rule that has come to its end stays listed, and is never due again. */
export const NEVER_AT = 253_402_300_799_999;

/** What is to be made of a recurring send that is due. */
export interface TickPlan {
  /** The instants for which a message is published, in their order. */
  readonly publish: readonly number[];
  /** What is due next; not after `nowMs` when there is more to catch up with. */
  readonly nextAt: number;
}

/**
 * Decides which of the instants from `dueAt` to `nowMs` are published. Pure.
 *
 * @param dueAt the first instant that was not made yet, not after `nowMs`
 */
export function planTick(rule: Rule, catchUp: CatchUp, dueAt: number, nowMs: number): TickPlan {
  if (catchUp === 'all') return planAll(rule, dueAt, nowMs);
  const last = lastUntil(rule, dueAt, nowMs);
  const isSkipped = catchUp === 'none' && nowMs - last > MISSED_AFTER_MS;
  return { publish: isSkipped ? [] : [last], nextAt: nextOf(rule, last) };
}

function planAll(rule: Rule, dueAt: number, nowMs: number): TickPlan {
  const publish = [dueAt];
  let nextAt = nextOf(rule, dueAt);
  while (nextAt <= nowMs && publish.length < MOST_PER_TICK) {
    publish.push(nextAt);
    nextAt = nextOf(rule, nextAt);
  }
  return { publish, nextAt };
}

/**
 * The last instant up to `nowMs`. By halving, because there may be millions in between, and going backwards is not the
 * same: when clocks go back, an expression has instants for that direction that it does not have for the other.
 */
function lastUntil(rule: Rule, dueAt: number, nowMs: number): number {
  let last = dueAt;
  let end = nowMs;
  while (end - last > 1) {
    const middle = Math.floor((last + end) / 2);
    const found = rule.next(middle);
    if (found <= nowMs) last = found;
    else end = middle;
  }
  // On the day when clocks change, an instant may hide from the middle.
  for (let next = rule.next(last); next <= nowMs; next = rule.next(last)) last = next;
  return last;
}

function nextOf(rule: Rule, afterMs: number): number {
  return Math.min(rule.next(afterMs), NEVER_AT);
}
