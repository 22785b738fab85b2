import type { ResolvedDelivery } from './delivery-options.js';

/** A failed attempt at a delivery. */
export interface FailedAttempt {
  /** 1 for the first. */
  readonly attempt: number;
  readonly outcome: 'failed' | 'slow-down';
  /** Delay that the receiver asked for, in ms. */
  readonly retryAfterMs?: number | undefined;
}

type Schedule = Pick<ResolvedDelivery, 'schedule' | 'jitter' | 'retryAfterMaxMs'>;

/** A receiver that is overloaded or does not answer is left alone for at least that long. */
const SLOW_DOWN_MS = 60_000;

/**
 * Decides when a failed delivery is tried again. Pure, given `random`.
 *
 * @returns ms: the step of the schedule with its jitter, at least a minute for `slow-down`, and what the receiver asked
 *   for by `retry-after` where that is longer, up to `retryAfterMaxMs`; `exhausted` after the last attempt
 */
export function retryDelayMs(
  { attempt, outcome, retryAfterMs = 0 }: FailedAttempt,
  { schedule, jitter, retryAfterMaxMs }: Schedule,
  random: () => number = Math.random,
): number | 'exhausted' {
  const step = schedule[attempt];
  if (step === undefined) return 'exhausted';
  const planned = step * (1 - jitter + 2 * jitter * random());
  // What a receiver asks for, or needs, is spread to later only.
  const asked = Math.min(retryAfterMs, retryAfterMaxMs);
  const least = Math.max(asked, outcome === 'slow-down' ? SLOW_DOWN_MS : 0);
  return Math.round(Math.max(planned, least * (1 + jitter * random())));
}

/**
 * The longest time from the publishing of a message to the end of its last attempt, ms: for so long its body has to be
 * kept. Time during which an endpoint is disabled, or its breaker open, is not a part of it. Pure.
 */
export function longestSpanMs({
  schedule,
  jitter,
  retryAfterMaxMs,
  timeoutMs,
}: Schedule & Pick<ResolvedDelivery, 'timeoutMs'>): number {
  const delays = schedule.map((step, index) =>
    index === 0 ? step : Math.max(step, retryAfterMaxMs, SLOW_DOWN_MS),
  );
  return delays.reduce((sum, ms) => sum + ms * (1 + jitter) + timeoutMs, 0);
}
