import type { WebhookDelivery } from '../message/index.js';

/**
 * Handles a delivery. Returning is success; throwing leads to a retry by the route's policy, `RejectError` to the dead
 * letters, `RetryError` to a retry at its time.
 */
export type WebhookHandler<T = unknown> = (delivery: WebhookDelivery<T>) => unknown;

/** How a handler is run. */
export interface RunOptions {
  /** After that the signal aborts and the attempt has failed, ms; undefined for no limit. */
  readonly handlerTimeoutMs: number | undefined;
}

export const RUN_DEFAULTS: RunOptions = Object.freeze({ handlerTimeoutMs: undefined });
