import type { StartFrom } from '../../redis/index.js';

/** Limit on how many deliveries of a queue start within a period, across all processes of the group. */
export interface RateLimit {
  /** Maximum number of starts per period. */
  readonly count: number;
  /** Length of the period, in ms. */
  readonly perMs: number;
}

export type { StartFrom };

/** Options for reading and keeping deliveries. */
export interface ConsumerOptions {
  /** Time without a heartbeat after which another consumer may take a delivery over, in ms. @default 30_000 */
  readonly leaseMs: number;
  /** Time that a stop waits for handlers before it releases unfinished deliveries, in ms. @default 10_000 */
  readonly drainTimeoutMs: number;
  /** Time that a read waits at the server for messages, in ms. @default 5_000 */
  readonly blockMs: number;
  /**
   * Memory of a process for messages without a free slot, over all queues, in bytes. A read may exceed it by up to
   * `replyBytes`.
   * @default 33_554_432
   */
  readonly lookaheadBytes: number;
  /**
   * Target size of one reply of Redis, in bytes, estimated from the sizes of a queue's latest messages. When messages
   * suddenly become larger, a reply still has at most 256 of them.
   * @default 16_777_216
   */
  readonly replyBytes: number;
  /** Position at which a group starts on a queue that is new to it. @default 'earliest' */
  readonly startFrom: StartFrom;
}

export const CONSUMER_DEFAULTS: ConsumerOptions = Object.freeze({
  leaseMs: 30_000,
  drainTimeoutMs: 10_000,
  // Renewing an idle read costs one command; a half-open connection is noticed after this time.
  blockMs: 5_000,
  // 1,000 messages of 32 KiB: smaller ones are limited by their count.
  lookaheadBytes: 32 * 1024 * 1024,
  // 64 messages of the largest size, which take Redis some milliseconds.
  replyBytes: 16 * 1024 * 1024,
  startFrom: 'earliest',
});

/** Options of a subscription that the reader needs. */
export interface SubscriptionOptions {
  /** Handlers of the queue that run at the same time in this process. @default 16 */
  readonly concurrency: number;
  /** Limit on how many deliveries start per period, across all processes of the group. @default undefined (no limit) */
  readonly rateLimit: RateLimit | undefined;
  /** Crashes after which a message is poison; it runs alone for the last one or two. @default 5 */
  readonly maxCrashes: number;
}

export const SUBSCRIPTION_DEFAULTS: SubscriptionOptions = Object.freeze({
  // Handlers mostly wait for I/O.
  concurrency: 16,
  // Two in company, one among suspects, two alone: a single crash alone may be an external kill that hit an innocent.
  maxCrashes: 5,
  rateLimit: undefined,
});

/**
 * Returns the number of crashes after which a message is a suspect. Pure.
 *
 * The result is `maxCrashes - 3`, but a second run stays in company when a third is allowed: most messages that were in
 * flight at one crash are innocent, and running each of them alone would take long.
 */
export function suspectFrom(maxCrashes: number): number {
  return Math.max(maxCrashes - 3, Math.min(2, maxCrashes - 1));
}
