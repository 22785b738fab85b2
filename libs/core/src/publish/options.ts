import type { MessageHeaders } from '../message/index.js';
import { LONGEST_MS, whole } from '../option-values.js';
import { replicationOf, type Durability } from './durability.js';

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
  /** Time limit of this send, ms. @default the option `publishTimeoutMs`. Of a transaction it is the transaction's own. */
  readonly timeoutMs?: number;
  /** Gives up waiting when aborted; the error says whether anything was sent. Of a transaction it is the transaction's own. */
  readonly signal?: AbortSignal;
}

/** What a transaction may ask for as a whole. */
export interface TransactionOptions {
  /** What it waits for; the option of the same name unless told. */
  readonly durability?: Durability;
  /** Time limit once the callback has returned, ms. @default the option `publishTimeoutMs` */
  readonly timeoutMs?: number;
  /** Gives up waiting when aborted; the error says whether anything was sent. */
  readonly signal?: AbortSignal;
}

/** One of the messages of `publishMany`. */
export interface PublishItem {
  readonly data: unknown;
  readonly options?: PublishOptions;
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
  /** Sends that may wait for an answer, at any time. @default 10_000 */
  readonly maxBuffered: number;
  /** Bytes of all sends that wait for an answer; a single one may always wait alone. @default 67_108_864 */
  readonly maxBufferedBytes: number;
  /** Sends of a single transaction. @default 1_000 */
  readonly maxTransactionSends: number;
  /** Bytes of all payloads and headers of a single transaction. @default 8_388_608 */
  readonly maxTransactionBytes: number;
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
  maxBufferedBytes: 64 * 1024 * 1024,
  // A transaction is one script, which holds up everybody else: these take Redis some milliseconds.
  maxTransactionSends: 1_000,
  maxTransactionBytes: 8 * 1024 * 1024,
  dedupeMs: 24 * 3_600_000,
  durability: 'memory',
});

/** Longest delay, time to live and dedupe window, ms: later instants no longer fit where Redis keeps scores exactly. */
export const MOST_MS = 100 * 365 * 24 * 3_600_000;
/** A transaction of so many sends takes Redis 50 ms. */
const MOST_TRANSACTION_SENDS = 10_000;
const MOST_TRANSACTION_BYTES = 64 * 1024 * 1024;

/** @throws {ConfigError} naming the option, what was given and what is allowed */
export function validPublisher(options: PublisherOptions): void {
  whole('publishTimeoutMs', options.publishTimeoutMs, 1, LONGEST_MS);
  whole('dedupeMs', options.dedupeMs, 1, MOST_MS);
  whole('maxBuffered', options.maxBuffered, 1);
  whole('maxBufferedBytes', options.maxBufferedBytes, 1);
  whole('maxTransactionSends', options.maxTransactionSends, 1, MOST_TRANSACTION_SENDS);
  whole('maxTransactionBytes', options.maxTransactionBytes, 1, MOST_TRANSACTION_BYTES);
  replicationOf(options.durability);
}
