import type { Rule } from './rule.js';

/**
 * Policy for missed instants. An instant is missed when its successor is due too, or when it is over a minute late.
 *
 * - `none`: skips missed instants
 * - `last`: publishes one message for all missed instants, that of the last one
 * - `all`: publishes one message per instant, in order
 */
export type CatchUp = 'none' | 'last' | 'all';

export function isCatchUp(value: unknown): value is CatchUp {
  return value === 'none' || value === 'last' || value === 'all';
}

/** Longer than a failover, a restart, and a sweep by another process take together, in ms. */
export const MISSED_AFTER_MS = 60_000;

/** Limit per script call, because a call blocks every other client. The rest follows at once in the next call. */
export const MOST_PER_TICK = 100;

/** End of the year 9999: a rule without further instants stays listed and is never due again. */
export const NEVER_AT = 253_402_300_799_999;

/** Plan for a recurring send that is due. */
export interface TickPlan {
  /** Instants for which a message is published, in order. */
  readonly publish: readonly number[];
  /** Next due instant; not after `nowMs` when more instants must be caught up. */
  readonly nextAt: number;
}

/**
 * Decides which of the instants from `dueAt` to `nowMs` are published. Pure.
 *
 * @param dueAt the first instant that was not published yet, not after `nowMs`
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
 * Returns the last instant up to `nowMs`. Searches by halving, because there may be millions in between. Going backwards
 * is not the same: when clocks go back, an expression has instants in one direction that it does not have in the other.
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
  // On the day of a clock change, the search may miss an instant.
  for (let next = rule.next(last); next <= nowMs; next = rule.next(last)) last = next;
  return last;
}

function nextOf(rule: Rule, afterMs: number): number {
  return Math.min(rule.next(afterMs), NEVER_AT);
}
