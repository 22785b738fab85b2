import type { WebhookDelivery } from '../message/index.js';
import type { BatchOptions } from './batch-collector.js';
import type { OnceOptions } from './once.js';

/**
 * Handles a delivery. Returning is success; throwing leads to a retry by the route's policy, `RejectError` to the dead
 * letters, `RetryError` to a retry at its time.
 */
export type WebhookHandler<T = unknown> = (delivery: WebhookDelivery<T>) => unknown;

/** How a handler is run. */
export interface RunOptions extends OnceOptions {
  /** After that the signal aborts and the attempt has failed, ms; undefined for no limit. */
  readonly handlerTimeoutMs: number | undefined;
  /** How long a handler runs before a warning reports it, ms; it goes on. @default 300_000 */
  readonly longRunningMs: number;
  /**
   * `after`: a message is acked when its handler has succeeded. `before`: it is acked first and then handled, at most
   * once; a failure or a crash loses it. For telemetry.
   */
  readonly ack: 'after' | 'before';
  /** Deliveries are handed to the handler several at a time; `concurrency` then counts batches. */
  readonly batch: BatchOptions | undefined;
}

export const RUN_DEFAULTS: RunOptions = Object.freeze({
  handlerTimeoutMs: undefined,
  // Longer than most handlers ever take; those that take minutes by design say so.
  longRunningMs: 300_000,
  ack: 'after',
  batch: undefined,
  idempotent: false,
  idempotencyStore: undefined,
});
