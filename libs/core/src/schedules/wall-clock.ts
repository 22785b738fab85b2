import type { Rule } from './rule.js';
import { LONGEST_CHANGE_MS, type ClockChange, type Zone } from './zone.js';

/** Times as a wall clock shows them, written as if in UTC. */
export interface WallTimes {
  /** Returns the first time after `afterMs`. */
  next(afterMs: number): number;
  /** True when every hour of the day has one. */
  readonly isHourly: boolean;
}

/**
 * Creates the rule for the instants at which the clocks of a zone show certain times. Pure.
 *
 * - A time skipped when clocks go forward comes later by as much, together with one that is shown then.
 * - A time repeated when they go back comes the first time only; both times if every hour has one.
 */
export function wallClockRule(times: WallTimes, zone: Zone): Rule {
  const next = (afterMs: number): number => {
    const change = zone.changeNear(afterMs);
    if (change === undefined) return nextUndisturbed(times, zone, afterMs);
    const at = nextAround(times, change, afterMs);
    const knownUntil = change.at + LONGEST_CHANGE_MS;
    return at <= knownUntil ? at : nextUndisturbed(times, zone, knownUntil);
  };
  return { next };
}

/** Handles the case without a clock change near `afterMs`; there may be one near the next time. */
function nextUndisturbed(times: WallTimes, zone: Zone, afterMs: number): number {
  const time = times.next(afterMs + zone.offset(afterMs));
  const change = zone.changeNear(time);
  if (change === undefined) return time - zone.offset(time);
  // Clocks show no matching time between `afterMs` and the earliest instant at which this one may occur.
  const earliest = time - Math.max(change.before, change.after);
  return nextAround(times, change, Math.max(afterMs, earliest - 1));
}

/** Applies a clock change to the times near it. */
function nextAround(times: WallTimes, change: ClockChange, afterMs: number): number {
  const { at: changeAt, before, after } = change;
  const shown = (from: number, offset: number): number => times.next(from + offset) - offset;
  const untilMs = changeAt + Math.abs(after - before);
  const isForward = after > before;
  // The old offset applies up to the change, and to skipped times as if there had been no change.
  const old = shown(afterMs, before);
  const isOld = old < (isForward ? untilMs : changeAt);
  // Repeated times are skipped under the new offset.
  const from = isForward || times.isHourly ? changeAt : untilMs;
  const recent = shown(Math.max(afterMs, from - 1), after);
  return isOld ? Math.min(old, recent) : recent;
}
