import type { ErrorRecord } from './error-record.js';
import type { MessageHeaders } from './headers.js';
import type { EntryId } from './ids.js';

/** A message as a handler sees it. */
export interface WebhookMessage<T = unknown> {
  /**
   * Id of the message, the same for every attempt: the caller's `messageId`, an id that LeanMQ made for a delayed send, or
   * the entry's id on the log.
   */
  readonly id: string;
  /** The queue's path in its canonical form, without leading and trailing slashes. */
  readonly path: string;
  readonly data: T;
  readonly headers: MessageHeaders;
  /** Time at which the message was appended to the log: epoch ms, by the server's clock. */
  readonly publishedAt: number;
  /** Time at which the message expires unless a handler has started: epoch ms, by the server's clock. */
  readonly expiresAt: number | undefined;
}

/** One message handed to one consumer of a group. */
export interface WebhookDelivery<T = unknown> extends WebhookMessage<T> {
  readonly group: string;
  /** The consumer's unique name. */
  readonly consumer: string;
  /** Number of the attempt in this group, 1 for the first. A failure or a crash counts as an attempt, a release does not. */
  readonly attempt: number;
  /** Number of times that a process died or stalled while it held the message. */
  readonly crashes: number;
  /** Number of replays from the dead letters of this group. */
  readonly replays: number;
  /** Error of the previous attempt, if it failed; for a replayed message, the error that dead-lettered it. */
  readonly lastError: ErrorRecord | undefined;
  /** Reason why a replayed message was a dead letter. */
  readonly deadReason: DeadReason | undefined;
  /** Id of the message's original entry on the log. */
  readonly origin: EntryId;
  /**
   * Signal that aborts when the work is no longer wanted: the handler timed out, the lease was lost, or the consumer shuts
   * down. Its `reason` is a typed error for each case.
   */
  readonly signal: AbortSignal;
}

/** Reason why a message is a dead letter. */
export type DeadReason = 'failed' | 'rejected' | 'invalid' | 'expired' | 'poison' | 'undecodable';

/** Outcome of a delivery. Its consequences are decided when the delivery is settled. */
export type Outcome =
  | { readonly kind: 'success' }
  /** `retryAfterMs` is the caller's own delay for the next attempt, if one is left; otherwise the error decides. */
  | { readonly kind: 'failure'; readonly error: unknown; readonly retryAfterMs?: number }
  | { readonly kind: 'dead'; readonly reason: 'poison' | 'undecodable'; readonly error: unknown }
  | { readonly kind: 'expired' }
  /** Its idempotency key is already done. */
  | { readonly kind: 'duplicate' }
  /** Its idempotency key runs elsewhere: the delivery is checked again later, without counting as an attempt. */
  | { readonly kind: 'postponed'; readonly delayMs: number }
  /** It was not run, or given up unfinished: another consumer takes it, and no attempt counts. */
  | { readonly kind: 'released' };
