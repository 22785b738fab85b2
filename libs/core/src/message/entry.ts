import { isUtf8 } from 'node:buffer';

import { UndecodableError } from '../errors.js';
import type { ErrorRecord } from './error-record.js';
import { isEntryId, type EntryId } from './ids.js';
import type { DeadReason } from './message.js';

/**
 * Fields of a stream entry. A plain message has its payload only, so it costs the same as a hand-written XADD; the other
 * fields exist only where they are needed. A change of format uses a new field name: two versions can then read one
 * stream during a rolling deploy.
 */
export const FIELD = Object.freeze({
  /** JSON of the payload. */
  data: 'd',
  /** Headers, as a JSON object. */
  headers: 'h',
  /** Message id, where it differs from the entry's id. */
  id: 'i',
  /** Instant of expiry, epoch ms. */
  expiresAt: 'x',
  /** History of the message as JSON, always the first field. Only in the inbox and in dead letters. */
  history: 'm',
} as const);

/** Events of a message in one group before this entry was written. */
export interface History {
  /** Id of the message's original entry on the log. */
  readonly origin: EntryId;
  /** Number of attempts so far. */
  readonly attempts: number;
  /** Number of times that a process died or stalled while it held the message. */
  readonly crashes: number;
  /** Failure that led to this entry, if one did. */
  readonly error?: ErrorRecord;
  /** Number of replays from the dead letters. */
  readonly replays?: number;
  /** Start of the first attempt: epoch ms, by the server's clock. */
  readonly firstAt?: number;
  /** Start of the latest attempt: epoch ms, by the server's clock. */
  readonly lastAt?: number;
  /** Reason why the message is a dead letter, or was one before it was replayed. */
  readonly reason?: DeadReason;
}

/** History of a dead letter. */
export type DeadHistory = History;

/** A stream entry by field. Only its history is parsed. */
export interface Entry {
  readonly data: string;
  readonly headers: string | undefined;
  readonly id: string | undefined;
  readonly expiresAt: number | undefined;
  readonly history: History | undefined;
}

/**
 * Reads the fields of an entry. Unknown fields are ignored: a newer publisher may have written them.
 *
 * @param fields alternating names and values, as Redis returns them
 * @throws {UndecodableError} if the payload is missing or a known field is malformed
 */
export function readEntry(fields: readonly string[]): Entry {
  if (fields.length === 2 && fields[0] === FIELD.data) return plainEntry(fields[1] as string);
  if (fields.length > MAX_FIELDS) {
    throw new UndecodableError(
      `The entry has ${fields.length / 2} fields; at most ${MAX_FIELDS / 2} can be passed on.`,
    );
  }
  let data: string | undefined;
  let headers: string | undefined;
  let id: string | undefined;
  let expiresAt: number | undefined;
  let history: History | undefined;
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const value = fields[index + 1] as string;
    switch (fields[index]) {
      case FIELD.data:
        data = value;
        break;
      case FIELD.headers:
        headers = value;
        break;
      case FIELD.id:
        id = value;
        break;
      case FIELD.expiresAt:
        expiresAt = instant(value);
        break;
      case FIELD.history:
        if (index === 0) history = readHistory(value);
        break;
      default:
    }
  }
  if (data === undefined) throw new UndecodableError(`The entry has no field "${FIELD.data}".`);
  return { data, headers, id, expiresAt, history };
}

function plainEntry(data: string): Entry {
  return { data, headers: undefined, id: undefined, expiresAt: undefined, history: undefined };
}

function instant(value: string): number {
  if (!/^\d{1,16}$/.test(value)) {
    throw new UndecodableError(`Field "${FIELD.expiresAt}" is not an instant.`);
  }
  return Number(value);
}

/** @throws {UndecodableError} if `json` is not a history */
export function readHistory(json: string): History {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch (cause) {
    throw new UndecodableError(`Field "${FIELD.history}" is not JSON.`, { cause });
  }
  if (!isHistory(parsed)) {
    throw new UndecodableError(`Field "${FIELD.history}" is not a history.`);
  }
  return parsed;
}

function isHistory(value: unknown): value is History {
  const history = (value ?? {}) as Record<keyof History, unknown>;
  const error = (history.error ?? {}) as Record<keyof ErrorRecord, unknown>;
  return (
    typeof history.origin === 'string' &&
    isEntryId(history.origin) &&
    isCount(history.attempts) &&
    isCount(history.crashes) &&
    (history.replays === undefined || isCount(history.replays)) &&
    (history.firstAt === undefined || isCount(history.firstAt)) &&
    (history.lastAt === undefined || isCount(history.lastAt)) &&
    (history.error === undefined ||
      (typeof error.name === 'string' && typeof error.message === 'string'))
  );
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/**
 * Maximum number of names and values of an entry. Lua scripts pass them on as arguments, and Lua accepts about 8,000; a
 * history and an id are added on the way.
 */
export const MAX_FIELDS = 6_900;

const REPLACEMENT = '\ufffd';

/**
 * Returns true when a field may be damaged: the client decodes bytes that are not UTF-8 into U+FFFD. A valid payload may
 * contain that character too, so the caller reads the raw bytes to be sure.
 */
export function mayBeDamaged(fields: readonly string[]): boolean {
  for (const field of fields) if (field.includes(REPLACEMENT)) return true;
  return false;
}

/** @throws {UndecodableError} if any of the raw fields is not UTF-8 */
export function assertUtf8(fields: readonly Uint8Array[]): void {
  if (!fields.every((field) => isUtf8(field))) {
    throw new UndecodableError('The entry holds bytes that are not UTF-8.');
  }
}
