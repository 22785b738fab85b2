import type { StartFrom } from '../../redis/index.js';

/** How many deliveries of a route may begin within any such time, over all processes of the group. */
export interface RateLimit {
  readonly count: number;
  readonly perMs: number;
}

export type { StartFrom };

/** How a consumer reads and keeps what it was given. */
export interface ConsumerOptions {
  /** How long a delivery may go without a heartbeat before another consumer may take it over, ms. */
  readonly leaseMs: number;
  /** How long a stop waits for handlers before it releases what they have not finished, ms. */
  readonly drainTimeoutMs: number;
  /** How long a read waits at the server for messages, ms. */
  readonly blockMs: number;
  /**
   * What a process holds of messages for which no slot is free, over all routes, bytes. One read may exceed it, by
   * `replyBytes` at most.
   */
  readonly lookaheadBytes: number;
  /**
   * What one reply of Redis may hold of messages, bytes, as far as the sizes of a route's latest messages tell. Where
   * messages suddenly become larger it is 256 messages at most.
   */
  readonly replyBytes: number;
  /** Where a group begins that is new on its route. */
  readonly startFrom: StartFrom;
}

export const CONSUMER_DEFAULTS: ConsumerOptions = Object.freeze({
  leaseMs: 30_000,
  drainTimeoutMs: 10_000,
  // Each renewal of an idle read costs one command; a half-open connection is found out that much later.
  blockMs: 5_000,
  // 1,000 messages of 32 KiB: smaller ones are limited by their count.
  lookaheadBytes: 32 * 1024 * 1024,
  // 64 messages of the largest size: takes Redis some milliseconds.
  replyBytes: 16 * 1024 * 1024,
  startFrom: 'earliest',
});

/** What the reader needs to know of a subscription. */
export interface SubscriptionOptions {
  /** Handlers of the route that run at the same time in this process. */
  readonly concurrency: number;
  /** How many deliveries may begin within some time, over all processes of the group; undefined for no limit. */
  readonly rateLimit: RateLimit | undefined;
  /** How many crashes make a message poison; the last of them, or the last two, happen while it runs alone. */
  readonly maxCrashes: number;
}

export const SUBSCRIPTION_DEFAULTS: SubscriptionOptions = Object.freeze({
  // Handlers mostly wait for I/O.
  concurrency: 16,
  // Two in company, one among suspects, two alone: one alone may be a kill from outside that hit an innocent.
  maxCrashes: 5,
  rateLimit: undefined,
});

/**
 * After how many crashes a message is a suspect. Pure.
 *
 * @returns three less than `maxCrashes`, but the second run is in company as long as there is a third: after one crash most
 * of what a process had in flight has done nothing, and apart from everything else it would take long
 */
export function suspectFrom(maxCrashes: number): number {
  return Math.max(maxCrashes - 3, Math.min(2, maxCrashes - 1));
}
