import { BACKOFF_DEFAULTS, type Backoff } from './backoff.js';

/** Options for deliveries that do not succeed. */
export interface SettleOptions {
  /** Attempts before a message is dead-lettered. @default 10 */
  readonly attempts: number;
  /** Delay before a retry. @default exponential: 1 s, doubling up to 5 min, with equal jitter */
  readonly backoff: Backoff;
  /** Policy for messages that expire before a handler starts. @default 'discard' */
  readonly onExpired: 'discard' | 'dead-letter';
  /** Time for which the key of an idempotent handler is remembered after its success, in ms. @default 86_400_000 */
  readonly idempotencyMs: number;
}

export const SETTLE_DEFAULTS: SettleOptions = Object.freeze({
  attempts: 10,
  backoff: BACKOFF_DEFAULTS,
  // A time to live says that the message is worth nothing after it.
  onExpired: 'discard',
  idempotencyMs: 24 * 3_600_000,
});
