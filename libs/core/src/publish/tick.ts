import type { EncodedSend } from './send.js';

/**
 * Step of a recurring send from one instant to the next. The step is made only if the recurring send is still at `dueAt`,
 * so each instant is published once, however many processes try.
 */
export interface TickPosition {
  readonly path: string;
  /** Id of the recurring send. */
  readonly id: string;
  /** Stored rule from which the instants were computed. */
  readonly rule: string;
  /** Epoch ms. */
  readonly dueAt: number;
  /** Epoch ms. */
  readonly nextAt: number;
}

/** A tick with the messages that it publishes: one for each instant, or none. */
export interface Tick extends TickPosition {
  /** The payload's JSON. */
  readonly data: string;
  /** The headers' JSON, or ''. */
  readonly headers: string;
  readonly ttlMs: number | undefined;
  readonly messageIds: readonly string[];
}

// Long enough for a recurring send that is removed and created again. Each tick occupies a key for this time.
const DEDUPE_MS = 3_600_000;

/** Returns the sends of a tick. Pure. */
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
