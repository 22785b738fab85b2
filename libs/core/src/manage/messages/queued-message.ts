import { isUtf8 } from 'node:buffer';

import {
  FIELD,
  NO_HEADERS,
  decodeHeaders,
  decodePayload,
  entryTime,
  isEntryId,
  readEntry,
  readHistory,
  type EntryId,
  type ErrorRecord,
  type History,
  type MessageHeaders,
} from '../../message/index.js';

export const QUEUED_STATES = ['waiting', 'retrying', 'delayed'] as const;

/**
 * State of a message that no handler has: `waiting` on the log, not received by the group yet; `retrying`, due for the
 * group again, now or later; `delayed`, not published yet.
 */
export type QueuedState = (typeof QUEUED_STATES)[number];

/** A message that no handler has, yet or at the moment. */
export interface QueuedMessage<T = unknown> {
  readonly id: string;
  readonly state: QueuedState;
  /** Undefined when the message cannot be decoded. */
  readonly data: T | undefined;
  /** Empty when the message cannot be decoded. */
  readonly headers: MessageHeaders;
  /** Time at which it was appended to the log, epoch ms on the server's clock. Undefined for a delayed message. */
  readonly publishedAt: number | undefined;
  /** Time of publication or of the next attempt, epoch ms on the server's clock. Undefined when deliverable now. */
  readonly dueAt: number | undefined;
  /** Time at which it expires, epoch ms; an expired message is listed until it is removed. */
  readonly expiresAt: number | undefined;
  /** Attempts that it has used up. */
  readonly attempts: number;
  /** Error of its latest attempt; for a replayed message, the error that it was dead-lettered with. */
  readonly lastError: ErrorRecord | undefined;
}

/** Reads an entry of the log that the group has not received yet; never throws. */
export function readWaiting(id: EntryId, rawFields: readonly Buffer[]): QueuedMessage {
  const fields = rawFields.map(String);
  const isIntact = rawFields.every((field) => isUtf8(field));
  return {
    ...contentOf(fields, isIntact),
    id: valueOf(fields, FIELD.id) ?? id,
    state: 'waiting',
    publishedAt: entryTime(id),
    dueAt: undefined,
    attempts: 0,
    lastError: undefined,
  };
}

/** Reads an entry of a group's inbox; never throws. */
export function readRedelivery(id: EntryId, rawFields: readonly Buffer[]): QueuedMessage {
  const isIntact = rawFields.every((field) => isUtf8(field));
  return retrying(id, rawFields.map(String), isIntact, undefined);
}

/**
 * Reads a retry that is scheduled; never throws.
 *
 * @param name the end of its name, `<source>:<entry id>` of the entry that failed
 * @param isIntact true when the fields equal the stored bytes, false when these are not text
 */
export function readRetry(
  name: string,
  due: string,
  fields: readonly string[],
  isIntact: boolean,
): QueuedMessage {
  const at = name.slice(name.indexOf(':') + 1);
  return retrying(at, fields, isIntact, Math.floor(Number(due)));
}

/** Reads a send that is scheduled; never throws. */
export function readDelayed(
  id: string,
  due: string,
  fields: readonly string[],
  isIntact: boolean,
): QueuedMessage {
  return {
    ...contentOf(fields, isIntact),
    id,
    state: 'delayed',
    publishedAt: undefined,
    dueAt: Math.floor(Number(due)),
    attempts: 0,
    lastError: undefined,
  };
}

function retrying(
  at: string,
  fields: readonly string[],
  isIntact: boolean,
  dueAt: number | undefined,
): QueuedMessage {
  const history = historyOf(fields);
  const origin = history?.origin ?? at;
  return {
    ...contentOf(fields, isIntact),
    id: valueOf(fields, FIELD.id) ?? origin,
    state: 'retrying',
    publishedAt: isEntryId(origin) ? entryTime(origin) : undefined,
    dueAt,
    attempts: history?.attempts ?? 0,
    lastError: history?.error,
  };
}

function contentOf(
  fields: readonly string[],
  isIntact: boolean,
): Pick<QueuedMessage, 'data' | 'headers' | 'expiresAt'> {
  try {
    if (isIntact) {
      const { data, headers, expiresAt } = readEntry(fields);
      return { data: decodePayload(data), headers: decodeHeaders(headers), expiresAt };
    }
  } catch {
    // Another tool wrote it: return the parts that are readable.
  }
  return { data: undefined, headers: NO_HEADERS, expiresAt: undefined };
}

function historyOf([name, json]: readonly string[]): History | undefined {
  if (name !== FIELD.history || json === undefined) return undefined;
  try {
    return readHistory(json);
  } catch {
    return undefined;
  }
}

function valueOf(fields: readonly string[], name: string): string | undefined {
  for (let index = 0; index + 1 < fields.length; index += 2) {
    if (fields[index] === name) return fields[index + 1];
  }
  return undefined;
}
