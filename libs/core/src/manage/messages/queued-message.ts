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
 * Where a message is before a handler gets it: `waiting` on the log, not given to the group yet; `retrying`, due for the
 * group again, now or later; `delayed`, not published yet.
 */
export type QueuedState = (typeof QUEUED_STATES)[number];

/** A message that a handler does not have yet, or does not have at the moment. */
export interface QueuedMessage<T = unknown> {
  readonly id: string;
  readonly state: QueuedState;
  /** Undefined when the message cannot be decoded. */
  readonly data: T | undefined;
  /** Empty when the message cannot be decoded. */
  readonly headers: MessageHeaders;
  /** When it was appended to the log: epoch ms, the server's clock. Undefined of a delayed one. */
  readonly publishedAt: number | undefined;
  /** When it is published, or tried again: epoch ms, the server's clock. Undefined of one that can be delivered now. */
  readonly dueAt: number | undefined;
  /** When it expires, epoch ms; one that has expired is listed until it is removed. */
  readonly expiresAt: number | undefined;
  /** Attempts that it has used up. */
  readonly attempts: number;
  /** Why the latest attempt failed; of a message that was replayed, what it died of. */
  readonly lastError: ErrorRecord | undefined;
}

/** Reads an entry of the log that the group was not given yet; never throws. */
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
 * @param isIntact whether the fields are what is stored, not bytes that are no text
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
    // A foreign tool wrote it: what can be said of it is said.
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
