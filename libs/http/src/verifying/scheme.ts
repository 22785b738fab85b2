import type { ReadRequest } from './webhook-request.js';

/** The proof that a request brings along, read but not yet checked. */
export interface Claim<Key> {
  /** When it was sent, epoch ms; undefined where no time is signed, or only the body has it. */
  readonly sentAtMs?: number;
  /** The same, where it is in the body: believed only when the signature was right. */
  readonly bodyTimeMs?: () => number;
  /** Decides whether this key made the signature, in constant time. */
  proves(key: Key): boolean;
  /** The sender's id of the event; called when the request was proved. */
  id(): string | undefined;
}

/** A way in which a sender proves a request. */
export interface Scheme<Key> {
  readonly name: string;
  /** Header by which the scheme is recognized. */
  readonly header: string;
  /** Longest distance of the time from this clock, ms; undefined where no time is signed. */
  readonly toleranceMs: number | undefined;
  /** True if the URL is signed too. */
  readonly needsUrl: boolean;
  /** Headers that say what happened, for the message that is made of the request. */
  readonly eventHeaders: readonly string[];
  /**
   * @param field names the secret in an error
   * @throws {WebhookConfigError} SECRET_INVALID
   */
  key(secret: string, field: string): Key;
  /** @throws {WebhookVerificationError} `missing` or `malformed` */
  read(request: ReadRequest): Claim<Key>;
}

export const FIVE_MINUTES_MS = 300_000;

/** Whole seconds as a header has them: no sign, no fraction, no leading zero. */
export const SECONDS = /^[1-9]\d{0,11}$/;
