import type { Buffer } from 'node:buffer';

/** One request to a receiver. Headers and body go out as they are. */
export interface EgressRequest {
  readonly url: string;
  /** Names in small letters. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Time limit for all of it, ms: lookup, connect, headers and body of the answer. */
  readonly timeoutMs: number;
  readonly tls?: TlsIdentity;
  /** Gives the request up, as when the process shuts down; the outcome is `aborted`. */
  readonly signal?: AbortSignal;
}

/** A client certificate and an authority of the receiver's own, PEM. */
export interface TlsIdentity {
  readonly cert?: string;
  readonly key?: string;
  readonly passphrase?: string;
  readonly ca?: string;
}

/**
 * Outcome of an attempt. `slow-down`: the receiver is overloaded (429, 502, 503, 504 or a timeout); `gone`: the receiver
 * wants no more (410); `aborted`: the sender gave up, which does not count as an attempt.
 */
export type AttemptOutcome = 'success' | 'failed' | 'slow-down' | 'gone' | 'aborted';

export const ATTEMPT_FAULTS = [
  'blocked',
  'unresolved',
  'connect-timeout',
  'connect-failed',
  'tls-failed',
  'headers-timeout',
  'timeout',
  'reset',
  'protocol',
  'redirect',
  'status',
  'aborted',
] as const;
export type AttemptFault = (typeof ATTEMPT_FAULTS)[number];

/** The result of one request. What a receiver does, or its name or certificate, is never an exception. */
export interface AttemptResult {
  readonly outcome: AttemptOutcome;
  /** The answer's status, if its headers arrived. */
  readonly status: number | undefined;
  /** Undefined for a success. `message` says in a sentence what went wrong, without secrets. */
  readonly error: { readonly fault: AttemptFault; readonly message: string } | undefined;
  /** Delay requested by the receiver in `retry-after`, in ms from now and unbounded; the schedule caps it. */
  readonly retryAfterMs: number | undefined;
  /** The beginning of the answer's body, at most 1 KiB, bytes that are not UTF-8 replaced. */
  readonly excerpt: string;
  readonly timings: AttemptTimings;
}

/** Time that had passed when a step was reached, ms from the beginning; undefined if it was not. */
export interface AttemptTimings {
  /** A connection was there and the request was written. */
  readonly connectedMs: number | undefined;
  readonly headersMs: number | undefined;
  readonly totalMs: number;
  /** A connection kept alive was used. */
  readonly reused: boolean;
}
