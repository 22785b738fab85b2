import { performance } from 'node:perf_hooks';

import type { DeadHistory, InFlight } from '../message/index.js';
import type { Verdict } from './verdict.js';

/**
 * Builds the history that the message's next entry carries.
 *
 * @param now epoch ms on the server's clock
 */
export function nextHistory(
  delivery: InFlight<unknown>,
  verdict: Verdict,
  now: number,
): DeadHistory {
  const before = delivery.entry?.history;
  const error = ('error' in verdict ? verdict.error : undefined) ?? before?.error;
  const lastAt = startOf(delivery, now) ?? before?.lastAt;
  const firstAt = before?.firstAt ?? lastAt;
  // Written out: every failure passes here, and spreading conditions is slow.
  const history: { -readonly [Name in keyof DeadHistory]: DeadHistory[Name] } = {
    origin: delivery.origin,
    attempts: 'attempts' in verdict ? verdict.attempts : delivery.attemptsBefore,
    crashes: delivery.crashes,
  };
  if (before?.replays !== undefined) history.replays = before.replays;
  if (firstAt !== undefined) history.firstAt = firstAt;
  if (lastAt !== undefined) history.lastAt = lastAt;
  if (error !== undefined) history.error = error;
  if (verdict.kind === 'dead') history.reason = verdict.reason;
  else if (before?.reason !== undefined) history.reason = before.reason;
  return history;
}

/** Returns when its handler began, on the server's clock; undefined if none did. */
function startOf({ startedAt }: InFlight<unknown>, now: number): number | undefined {
  if (startedAt === 0 || !Number.isFinite(now)) return undefined;
  return Math.round(now - (performance.now() - startedAt));
}
