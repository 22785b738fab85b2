import type { ErrorRecord } from './error-record.js';
import type { MessageHeaders } from './headers.js';
import type { EntryId } from './ids.js';

/** A message as a handler sees it. */
export interface WebhookMessage<T = unknown> {
  /** The entry's id on the log, unless the caller gave one or the send was delayed. The same for every attempt. */
  readonly id: string;
  /** The route's path in its canonical form, without slashes at its ends. */
  readonly path: string;
  readonly data: T;
  readonly headers: MessageHeaders;
  /** When it was appended to the log: epoch ms, the server's clock. */
  readonly publishedAt: number;
  /** When it expires if no handler has begun with it by then: epoch ms, the server's clock. */
  readonly expiresAt: number | undefined;
}

/** One message handed to one consumer of a group. */
export interface WebhookDelivery<T = unknown> extends WebhookMessage<T> {
  readonly group: string;
  /** The consumer's unique name. */
  readonly consumer: string;
  /** 1 for the first delivery to this group; a failure or a crash uses one up, a release does not. */
  readonly attempt: number;
  /** How often a process died or stalled with it. */
  readonly crashes: number;
  /** How often it was replayed from the dead letters of this group. */
  readonly replays: number;
  /** Why the previous attempt failed, if one did; of a replayed message, what it died of. */
  readonly lastError: ErrorRecord | undefined;
  /** Of a message that was replayed: why it was a dead letter. */
  readonly deadReason: DeadReason | undefined;
  /** Id of the entry it began as on the log. */
  readonly origin: EntryId;
  /**
   * Aborts when the work is no longer wanted: the handler's timeout passed, the lease was lost, or the consumer shuts
   * down. Its `reason` is the typed error that says which.
   */
  readonly signal: AbortSignal;
}

/** Why a message is a dead letter. */
export type DeadReason = 'failed' | 'rejected' | 'invalid' | 'expired' | 'poison' | 'undecodable';

/** What became of running a delivery. What is to follow from it is decided when it is settled. */
export type Outcome =
  | { readonly kind: 'success' }
  /** With `retryAfterMs` its caller decided when it comes again, if it has attempts left; otherwise the error does. */
  | { readonly kind: 'failure'; readonly error: unknown; readonly retryAfterMs?: number }
  | { readonly kind: 'dead'; readonly reason: 'poison' | 'undecodable'; readonly error: unknown }
  | { readonly kind: 'expired' }
  /** Its idempotency key is done already. */
  | { readonly kind: 'duplicate' }
  /** Its idempotency key is running elsewhere: to be looked at again, without an attempt. */
  | { readonly kind: 'postponed'; readonly delayMs: number }
  /** Not run, or given up unfinished: somebody else is to have it, and no attempt was used. */
  | { readonly kind: 'released' };
