import { isUtf8 } from 'node:buffer';

import { UndecodableError } from '../errors.js';
import type { ErrorRecord } from './error-record.js';
import { isEntryId, type EntryId } from './ids.js';
import type { DeadReason } from './message.js';

/**
 * The fields of a stream entry. A plain message holds its payload alone, so that it costs what a hand-written XADD
 * costs; the others are there only where they are needed. A change of format gets a new field name, so that two
 * versions can read one stream during a rolling deploy.
 */
export const FIELD = Object.freeze({
  /** The payload's JSON. */
  data: 'd',
  /** Headers, a JSON object. */
  headers: 'h',
  /** The message id, where it is not the entry's own. */
  id: 'i',
  /** The instant of expiry, epoch ms. */
  expiresAt: 'x',
  /** Inbox and dead letters only, always first: what has happened to the message so far, as JSON. */
  history: 'm',
} as const);

/** What has happened to a message in one group before this entry was written. */
export interface History {
  /** Id of the entry on the log that it began as. */
  readonly origin: EntryId;
  /** Attempts used up so far. */
  readonly attempts: number;
  /** How often a process died or stalled with it. */
  readonly crashes: number;
  /** The failure that led to this entry, if one did. */
  readonly error?: ErrorRecord;
  /** How often it was replayed from the dead letters. */
  readonly replays?: number;
  /** When its first and its latest attempt began: epoch ms, the server's clock. */
  readonly firstAt?: number;
  readonly lastAt?: number;
  /** Why it is a dead letter, or was one before it was replayed. */
  readonly reason?: DeadReason;
}

/** The history of a dead letter. */
export type DeadHistory = History;

/** A stream entry with its fields told apart, nothing parsed yet but its history. */
export interface Entry {
  readonly data: string;
  readonly headers: string | undefined;
  readonly id: string | undefined;
  readonly expiresAt: number | undefined;
  readonly history: History | undefined;
}

/**
 * Tells an entry's fields apart. Fields that it does not know are left alone: a newer publisher may have written them.
 *
 * @param fields names and values in turn, as Redis gives them
 * @throws {UndecodableError} if there is no payload, or a field of ours does not hold what it should
 */
export function readEntry(fields: readonly string[]): Entry {
  if (fields.length === 2 && fields[0] === FIELD.data) return plainEntry(fields[1] as string);
  if (fields.length > MAX_FIELDS) {
    throw new UndecodableError(
      `The entry has ${fields.length / 2} fields; ${MAX_FIELDS / 2} are the most that can be passed on.`,
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

/** @throws {UndecodableError} if it is not a history of ours */
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
 * Names and values that an entry may have at most. Scripts of Redis pass an entry's fields on as arguments, of which Lua
 * takes some 8,000; a history and an id are added on the way.
 */
export const MAX_FIELDS = 6_900;

const REPLACEMENT = '\ufffd';

/**
 * Whether the text may be damaged: the client decodes bytes that are not UTF-8 into U+FFFD, which a payload may also
 * hold by right. Only then are the raw bytes worth another read.
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
