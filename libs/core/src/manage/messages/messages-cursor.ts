import { ConfigError } from '../../errors.js';
import { isEntryId, type EntryId } from '../../message/index.js';
import type { QueuedState } from './queued-message.js';

/** Identity of a list. */
export interface MessagesList {
  readonly path: string;
  readonly state: QueuedState;
  /** '' for delayed messages, which belong to all groups. */
  readonly group: string;
}

/** Position at which a page ended: after an entry of a stream, or in the schedule; see list-scheduled.lua. */
export type MessagesPlace =
  | { readonly on: 'stream'; readonly after: EntryId }
  | { readonly on: 'schedule'; readonly from: string; readonly skip: number };

// A new form of cursor gets a new number.
const FORMAT = 1;
const SCORE = /^[+-]?(\d+(\.\d+)?(e[+-]?\d+)?|inf)$/;

/** Pure. */
export function writeCursor(list: MessagesList, place: MessagesPlace): string {
  return Buffer.from(JSON.stringify([FORMAT, list.path, list.state, list.group, place])).toString(
    'base64url',
  );
}

/** Pure. @throws {ConfigError} unless the cursor belongs to the same list */
export function readCursor(list: MessagesList, cursor: string): MessagesPlace {
  const place = placeOf(list, cursor);
  if (place !== undefined) return place;
  const allowed =
    'the cursor of a page of the same queue, state and group, or none for the first page';
  throw ConfigError.option('cursor', cursor, allowed);
}

function placeOf({ path, state, group }: MessagesList, cursor: unknown): MessagesPlace | undefined {
  if (typeof cursor !== 'string') return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return undefined;
  }
  if (!Array.isArray(parsed)) return undefined;
  const [format, ...rest] = parsed as unknown[];
  const isOfList = [path, state, group].every((each, index) => rest[index] === each);
  if (format !== FORMAT || !isOfList) return undefined;
  const place = (rest[3] ?? {}) as Record<string, unknown>;
  const { on, after, from, skip } = place;
  if (on === 'stream' && state !== 'delayed' && typeof after === 'string' && isEntryId(after)) {
    return { on, after };
  }
  if (on !== 'schedule' || state === 'waiting' || typeof from !== 'string') return undefined;
  if (!SCORE.test(from) || !Number.isSafeInteger(skip) || (skip as number) < 0) return undefined;
  return { on, from, skip: skip as number };
}
