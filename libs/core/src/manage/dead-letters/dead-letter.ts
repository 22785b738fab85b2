import {
  FIELD,
  decodeHeaders,
  decodePayload,
  entryTime,
  readEntry,
  readHistory,
  type DeadHistory,
  type DeadReason,
  type EntryId,
  type ErrorRecord,
  type MessageHeaders,
} from '../../message/index.js';

/** A message that a group could not finish, with the whole story of its failure. */
export interface DeadLetter<T = unknown> {
  /** Its id among the dead letters; replay and discard take this one. */
  readonly id: EntryId;
  /** The message's own id. */
  readonly messageId: string;
  /** Id of the entry it began as on the log. */
  readonly origin: EntryId;
  readonly path: string;
  readonly group: string;
  readonly reason: DeadReason;
  /** Attempts it has used up. */
  readonly attempts: number;
  /** How often a process died or stalled with it. */
  readonly crashes: number;
  /** How often it had been replayed before. */
  readonly replays: number;
  readonly error: ErrorRecord | undefined;
  /** Undefined when it cannot be decoded: then `raw` tells. */
  readonly data: T | undefined;
  readonly headers: MessageHeaders;
  /** Epoch ms, the server's clock. */
  readonly publishedAt: number;
  /** When its first and its latest attempt began, as far as any did: epoch ms, the server's clock. */
  readonly firstDeliveredAt: number | undefined;
  readonly lastDeliveredAt: number | undefined;
  /** Epoch ms, the server's clock. */
  readonly deadAt: number;
  /** The entry's own fields, byte for byte, names and values in turn; only of what could not be decoded. */
  readonly raw: readonly Buffer[] | undefined;
}

/** Reads an entry of a dead-letter queue; never throws, because this is where broken entries end. */
export function readDeadLetter(
  path: string,
  group: string,
  id: EntryId,
  rawFields: readonly Buffer[],
): DeadLetter {
  const history = historyOf(rawFields, id);
  const own = rawFields.slice(rawFields[0]?.toString() === FIELD.history ? 2 : 0);
  return {
    id,
    path,
    group,
    reason: history.reason ?? 'failed',
    attempts: history.attempts,
    crashes: history.crashes,
    replays: history.replays ?? 0,
    error: history.error,
    origin: history.origin,
    publishedAt: entryTime(history.origin),
    firstDeliveredAt: history.firstAt,
    lastDeliveredAt: history.lastAt,
    deadAt: entryTime(id),
    ...contentOf(own, history),
  };
}

function contentOf(
  own: readonly Buffer[],
  history: DeadHistory,
): Pick<DeadLetter, 'messageId' | 'data' | 'headers' | 'raw'> {
  try {
    if (history.reason === 'undecodable') throw new TypeError('It is kept as raw bytes.');
    const entry = readEntry(own.map(String));
    return {
      messageId: entry.id ?? history.origin,
      data: decodePayload(entry.data),
      headers: decodeHeaders(entry.headers),
      raw: undefined,
    };
  } catch {
    return { messageId: history.origin, data: undefined, headers: {}, raw: own };
  }
}

function historyOf(rawFields: readonly Buffer[], id: EntryId): DeadHistory {
  const [name, value] = rawFields;
  try {
    if (name?.toString() === FIELD.history && value !== undefined) {
      return readHistory(value.toString());
    }
  } catch {
    // Somebody else wrote it: what can be said without a history is said.
  }
  return { origin: id, attempts: 0, crashes: 0, reason: 'undecodable' };
}
