import { InvalidDeliveryError, RejectError, RetryError } from '../errors.js';
import { recordError, type DeadReason, type ErrorRecord, type Outcome } from '../message/index.js';
import { answerOf } from './backoff.js';
import type { SettleOptions } from './options.js';

/** Decision on where a delivery goes. */
export type Verdict =
  | { readonly kind: 'ack' }
  | { readonly kind: 'release' }
  /** The queue was purged meanwhile, so the delivery is not retried; Redis reports this at the hand-over. */
  | { readonly kind: 'drop' }
  | {
      readonly kind: 'retry';
      /** Delay from now, in ms. */
      readonly delayMs: number;
      /** Attempts used up, including this one. */
      readonly attempts: number;
      /** Undefined for a delivery that only waits; has no stack when many fail at once. */
      readonly error: ErrorRecord | undefined;
    }
  | {
      readonly kind: 'dead';
      readonly reason: DeadReason;
      readonly attempts: number;
      readonly error: ErrorRecord | undefined;
    };

export const ACK: Verdict = Object.freeze({ kind: 'ack' });
const RELEASE: Verdict = Object.freeze({ kind: 'release' });

/**
 * Decides where a delivery goes. Pure, but for the jitter.
 *
 * @param before attempts used up before this delivery
 * @param withStack true to keep the stack of a retry's error; a dead letter always keeps it
 */
export function decide(
  outcome: Outcome,
  before: number,
  options: SettleOptions,
  withStack = true,
): Verdict {
  switch (outcome.kind) {
    case 'success':
    case 'duplicate':
      return ACK;
    case 'released':
      return RELEASE;
    case 'postponed':
      return { kind: 'retry', delayMs: outcome.delayMs, attempts: before, error: undefined };
    case 'expired':
      return options.onExpired === 'discard'
        ? ACK
        : { kind: 'dead', reason: 'expired', attempts: before, error: undefined };
    case 'dead':
      return dead(outcome.reason, before, outcome.error);
    case 'failure':
      return decideFailure(outcome, before, options, withStack);
  }
}

function decideFailure(
  { error, retryAfterMs }: Extract<Outcome, { kind: 'failure' }>,
  before: number,
  options: SettleOptions,
  withStack: boolean,
): Verdict {
  const retry = (delayMs: number, attempts: number): Verdict => ({
    kind: 'retry',
    delayMs: Math.round(delayMs),
    attempts,
    error: recordError(error, withStack),
  });
  // A crash uses up an attempt, but never the last one: only a failing handler does that.
  const attempt = Math.min(before + 1, options.attempts);
  if (retryAfterMs !== undefined && attempt < options.attempts) return retry(retryAfterMs, attempt);
  if (retryAfterMs !== undefined) return dead('failed', attempt, error);
  if (error instanceof RejectError) return dead('rejected', attempt, error);
  if (error instanceof InvalidDeliveryError) return dead('invalid', attempt, error);
  if (error instanceof RetryError && error.free) return retry(error.afterMs, attempt - 1);
  if (attempt >= options.attempts) return dead('failed', attempt, error);
  if (error instanceof RetryError) return retry(error.afterMs, attempt);
  const answer = answerOf(options.backoff, attempt, error);
  return answer === 'dead' ? dead('failed', attempt, error) : retry(answer, attempt);
}

function dead(reason: DeadReason, attempts: number, error: unknown): Verdict {
  return { kind: 'dead', reason, attempts, error: recordError(error) };
}
