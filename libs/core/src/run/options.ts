import type { WebhookDelivery } from '../message/index.js';
import type { BatchOptions } from './batch-collector.js';
import type { OnceOptions } from './once.js';

/**
 * Handles a delivery. Returning is success. Throwing leads to a retry by the queue's backoff; throw a `RejectError` to
 * dead-letter the message at once, or a `RetryError` to choose the delay.
 */
export type WebhookHandler<T = unknown> = (delivery: WebhookDelivery<T>) => unknown;

/** Options for running a handler. */
export interface RunOptions extends OnceOptions {
  /** Time limit per attempt, in ms; when exceeded, `signal` aborts and the attempt fails. @default undefined (no limit) */
  readonly handlerTimeoutMs: number | undefined;
  /** Running time after which a warning reports the handler, in ms; the handler continues. @default 300_000 */
  readonly longRunningMs: number;
  /**
   * `after`: a message is acked when its handler has succeeded. `before`: it is acked first and handled at most once; a
   * failure or a crash loses it, which suits telemetry.
   * @default 'after'
   */
  readonly ack: 'after' | 'before';
  /** Limits of a batch; set it to handle several deliveries at once. `concurrency` then counts batches. @default undefined */
  readonly batch: BatchOptions | undefined;
}

export const RUN_DEFAULTS: RunOptions = Object.freeze({
  handlerTimeoutMs: undefined,
  // Longer than most handlers ever take; a handler that takes minutes by design raises it.
  longRunningMs: 300_000,
  ack: 'after',
  batch: undefined,
  idempotent: false,
  idempotencyStore: undefined,
});
