import type { EncodedSend } from './send.js';

/**
 * An instant of a recurring send: from which one to which one it moves on. It does so only if it still is where it was
 * computed from, so that each instant is published once, however many processes try.
 */
export interface TickPosition {
  readonly path: string;
  /** Of the recurring send. */
  readonly id: string;
  /** The rule that the instants were computed by, as it is stored. */
  readonly rule: string;
  /** Epoch ms. */
  readonly dueAt: number;
  /** Epoch ms. */
  readonly nextAt: number;
}

/** A tick with what it publishes: one message for each of the instants, or none. */
export interface Tick extends TickPosition {
  /** The payload's JSON. */
  readonly data: string;
  /** The headers' JSON, or ''. */
  readonly headers: string;
  readonly ttlMs: number | undefined;
  readonly messageIds: readonly string[];
}

// Long enough for a recurring send that was removed and made again; a key for each tick until then.
const DEDUPE_MS = 3_600_000;

/** The sends of a tick. Pure. */
export function sendsOf({ path, data, headers, ttlMs, messageIds }: Tick): EncodedSend[] {
  return messageIds.map((id) => ({
    path,
    data,
    headers,
    id,
    dedupeMs: DEDUPE_MS,
    delayMs: '',
    deliverAt: '',
    ttlMs: ttlMs ?? '',
  }));
}
