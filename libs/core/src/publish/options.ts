import type { MessageHeaders } from '../message/index.js';
import type { Durability } from './durability.js';

/** What one send may ask for. */
export interface PublishOptions {
  /**
   * The caller's own id for the message. A second send with the same id and the same data within `dedupeMs` is not
   * published again (`outcome: 'duplicate'`); with other data it is an error.
   */
  readonly messageId?: string;
  /** How long the id is remembered, ms, counted from when a delayed message is due; only with `messageId`. */
  readonly dedupeMs?: number;
  readonly headers?: MessageHeaders;
  /** Publish it that much later, ms. */
  readonly delayMs?: number;
  /**
   * Publish it at that instant, epoch ms or a Date; the server's clock decides, and what has passed by it is published
   * at once. Not together with `delayMs`.
   */
  readonly deliverAt?: number | Date;
  /** How long the message may wait for a handler, ms; counted from when a delayed one is due. */
  readonly ttlMs?: number;
  /** What the send waits for; the option of the same name unless told. Of a transaction it is the transaction's own. */
  readonly durability?: Durability;
}

/** What a transaction may ask for as a whole. */
export interface TransactionOptions {
  /** What it waits for; the option of the same name unless told. */
  readonly durability?: Durability;
}

/** What became of a send. */
export interface PublishResult {
  readonly id: string;
  readonly outcome: 'published' | 'duplicate' | 'scheduled';
}

/** What became of one send of many. */
export type PublishManyResult =
  PublishResult | { readonly outcome: 'failed'; readonly error: Error };

export interface PublisherOptions {
  /** How long a publish keeps trying through a fault, ms. */
  readonly publishTimeoutMs: number;
  /** How many sends may wait while Redis is away or refuses, or replicas that are waited for are behind. */
  readonly maxBuffered: number;
  /** How long a caller's message id is remembered, ms. */
  readonly dedupeMs: number;
  /**
   * What a send waits for: that the master has it (`memory`), or that so many replicas have confirmed it within
   * `timeoutMs`. Recurring sends never wait: one that a failover loses is made again.
   */
  readonly durability: Durability;
}

export const PUBLISHER_DEFAULTS: PublisherOptions = Object.freeze({
  // Longer than a failover or a restart takes, shorter than most callers' own timeouts add up to.
  publishTimeoutMs: 30_000,
  maxBuffered: 10_000,
  dedupeMs: 24 * 3_600_000,
  durability: 'memory',
});
