import type { MessageHeaders } from '../message/index.js';
import { LONGEST_MS, whole } from '../option-values.js';
import { replicationOf, type Durability } from './durability.js';

/** Options of one send. */
export interface PublishOptions {
  /**
   * The caller's own id for the message. Sending the same id and data again within `dedupeMs` publishes nothing
   * (`outcome: 'duplicate'`); the same id with other data is an error. @default an id that LeanMQ makes
   */
  readonly messageId?: string;
  /**
   * Time for which `messageId` is remembered, in ms; for a delayed message it counts from the due time. Only with
   * `messageId`. @default the option `dedupeMs` of `new LeanMQ()`
   */
  readonly dedupeMs?: number;
  /** Headers that travel with the message, beside its data. */
  readonly headers?: MessageHeaders;
  /** Delay before the message is published, in ms. */
  readonly delayMs?: number;
  /**
   * Instant at which the message is published, as epoch ms or a Date, by the server's clock. A past instant publishes at
   * once. Not together with `delayMs`.
   */
  readonly deliverAt?: number | Date;
  /** Time to live: how long the message may wait for a handler, in ms; for a delayed message it counts from the due time. */
  readonly ttlMs?: number;
  /**
   * Copies that must exist before the send resolves. In a transaction, set it for the transaction as a whole.
   * @default the option `durability` of `new LeanMQ()`
   */
  readonly durability?: Durability;
  /**
   * Time limit of this send, in ms. In a transaction, set it for the transaction as a whole.
   * @default the option `publishTimeoutMs` of `new LeanMQ()`
   */
  readonly timeoutMs?: number;
  /**
   * Signal that stops waiting; the error tells whether anything was sent. In a transaction, set it for the transaction as
   * a whole.
   */
  readonly signal?: AbortSignal;
}

/** Options of a transaction as a whole. */
export interface TransactionOptions {
  /** Copies that must exist before the transaction resolves. @default the option `durability` of `new LeanMQ()` */
  readonly durability?: Durability;
  /** Time limit after the callback has returned, in ms. @default the option `publishTimeoutMs` of `new LeanMQ()` */
  readonly timeoutMs?: number;
  /** Signal that stops waiting; the error tells whether anything was sent. */
  readonly signal?: AbortSignal;
}

/** One message of `publishMany`. */
export interface PublishItem {
  readonly data: unknown;
  readonly options?: PublishOptions;
}

/** Result of a send. */
export interface PublishResult {
  /** Id of the message: `messageId`, or the id that LeanMQ made. */
  readonly id: string;
  /** `duplicate`: the same `messageId` and data were published before; `scheduled`: the message is published when due. */
  readonly outcome: 'published' | 'duplicate' | 'scheduled';
}

/** Result of one item of `publishMany`. */
export type PublishManyResult =
  PublishResult | { readonly outcome: 'failed'; readonly error: Error };

/** Options of publishing, with their defaults for every send. */
export interface PublisherOptions {
  /** Time for which a publish keeps trying through a fault, in ms. @default 30_000 */
  readonly publishTimeoutMs: number;
  /** Maximum number of sends that wait for a reply. @default 10_000 */
  readonly maxBuffered: number;
  /** Maximum bytes of all sends that wait for a reply; a single send may exceed it. @default 67_108_864 */
  readonly maxBufferedBytes: number;
  /** Maximum number of sends in one transaction. @default 1_000 */
  readonly maxTransactionSends: number;
  /** Maximum bytes of payloads and headers in one transaction. @default 8_388_608 */
  readonly maxTransactionBytes: number;
  /** Time for which a caller's `messageId` is remembered, in ms. @default 86_400_000 */
  readonly dedupeMs: number;
  /**
   * Copies that must exist before a send resolves: the master's (`memory`), or those of `replicas` replicas within
   * `timeoutMs`. Recurring sends never wait for replicas: if a failover loses one, it is made again. @default 'memory'
   */
  readonly durability: Durability;
}

export const PUBLISHER_DEFAULTS: PublisherOptions = Object.freeze({
  // Longer than a failover or a restart, shorter than most callers' own timeouts.
  publishTimeoutMs: 30_000,
  maxBuffered: 10_000,
  maxBufferedBytes: 64 * 1024 * 1024,
  // A transaction is one script, which blocks all other clients; one of this size takes Redis some milliseconds.
  maxTransactionSends: 1_000,
  maxTransactionBytes: 8 * 1024 * 1024,
  dedupeMs: 24 * 3_600_000,
  durability: 'memory',
});

/** Longest delay, time to live and dedupe window, in ms. Redis cannot store the score of a much later instant exactly. */
export const MOST_MS = 100 * 365 * 24 * 3_600_000;
/** A transaction with this many sends takes Redis 50 ms. */
const MOST_TRANSACTION_SENDS = 10_000;
const MOST_TRANSACTION_BYTES = 64 * 1024 * 1024;

/**
 * Validates the options of publishing.
 *
 * @throws {ConfigError} naming the option, the value given and the values allowed
 */
export function validPublisher(options: PublisherOptions): void {
  whole('publishTimeoutMs', options.publishTimeoutMs, 1, LONGEST_MS);
  whole('dedupeMs', options.dedupeMs, 1, MOST_MS);
  whole('maxBuffered', options.maxBuffered, 1);
  whole('maxBufferedBytes', options.maxBufferedBytes, 1);
  whole('maxTransactionSends', options.maxTransactionSends, 1, MOST_TRANSACTION_SENDS);
  whole('maxTransactionBytes', options.maxTransactionBytes, 1, MOST_TRANSACTION_BYTES);
  replicationOf(options.durability);
}
