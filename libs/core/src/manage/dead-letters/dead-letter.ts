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

/** A message that a group could not handle, with the history of its failure. */
export interface DeadLetter<T = unknown> {
  /** Id among the dead letters; replay and discard take this one. */
  readonly id: EntryId;
  /** Id of the message itself. */
  readonly messageId: string;
  /** Id of its first entry on the log. */
  readonly origin: EntryId;
  readonly path: string;
  readonly group: string;
  readonly reason: DeadReason;
  /** Attempts it has used up. */
  readonly attempts: number;
  /** Number of times that a process died or stalled with it. */
  readonly crashes: number;
  /** Number of times that it had been replayed before. */
  readonly replays: number;
  readonly error: ErrorRecord | undefined;
  /** Undefined when it cannot be decoded; `raw` has its fields then. */
  readonly data: T | undefined;
  readonly headers: MessageHeaders;
  /** Publication time, epoch ms on the server's clock. */
  readonly publishedAt: number;
  /** Time at which its first attempt started, epoch ms on the server's clock; undefined if none did. */
  readonly firstDeliveredAt: number | undefined;
  /** Time at which its latest attempt started, epoch ms on the server's clock; undefined if none did. */
  readonly lastDeliveredAt: number | undefined;
  /** Time at which it was dead-lettered, epoch ms on the server's clock. */
  readonly deadAt: number;
  /** Fields of the entry, byte for byte, names and values in turn; only for an entry that could not be decoded. */
  readonly raw: readonly Buffer[] | undefined;
}

/** Reads an entry of a dead-letter queue; never throws, because broken entries end up here. */
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
    // Another tool wrote it: return what is known without a history.
  }
  return { origin: id, attempts: 0, crashes: 0, reason: 'undecodable' };
}
