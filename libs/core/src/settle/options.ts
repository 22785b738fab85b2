import { BACKOFF_DEFAULTS, type Backoff } from './backoff.js';

/** What follows from a delivery that was not a success. */
export interface SettleOptions {
  /** How often a message is tried in all before it is a dead letter. */
  readonly attempts: number;
  readonly backoff: Backoff;
  /** What becomes of a message whose time to live passed before a handler began with it. */
  readonly onExpired: 'discard' | 'dead-letter';
  /** How long the key of an idempotent handler is remembered once it is done, ms. */
  readonly idempotencyMs: number;
}

export const SETTLE_DEFAULTS: SettleOptions = Object.freeze({
  attempts: 10,
  backoff: BACKOFF_DEFAULTS,
  // Who gives a message a time to live says that it is worth nothing after it.
  onExpired: 'discard',
  idempotencyMs: 24 * 3_600_000,
});
