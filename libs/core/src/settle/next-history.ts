import { performance } from 'node:perf_hooks';

import type { DeadHistory, InFlight } from '../message/index.js';
import type { Verdict } from './verdict.js';

/**
 * What the message's next entry says of what has happened to it so far.
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
  return {
    origin: delivery.origin,
    attempts: 'attempts' in verdict ? verdict.attempts : delivery.attemptsBefore,
    crashes: delivery.crashes,
    ...(before?.replays !== undefined && { replays: before.replays }),
    ...(firstAt !== undefined && { firstAt }),
    ...(lastAt !== undefined && { lastAt }),
    ...(error !== undefined && { error }),
    ...(verdict.kind === 'dead' && { reason: verdict.reason }),
  };
}

/** When its handler began, on the server's clock; undefined if none did. */
function startOf({ startedAt }: InFlight<unknown>, now: number): number | undefined {
  if (startedAt === 0 || !Number.isFinite(now)) return undefined;
  return Math.round(now - (performance.now() - startedAt));
}
