import { validGroup } from '../../message/index.js';
import { known, whole, word, type ForeignNames } from '../../option-values.js';
import { assertGroup, assertQueue } from '../arguments.js';
import type { ManageContext } from '../context.js';
import {
  readCursor,
  writeCursor,
  type MessagesList,
  type MessagesPlace,
} from './messages-cursor.js';
import { Filling, fillFromSchedule, fillFromStream } from './messages-filling.js';
import {
  QUEUED_STATES,
  readDelayed,
  readRedelivery,
  readRetry,
  readWaiting,
  type QueuedMessage,
  type QueuedState,
} from './queued-message.js';

export interface MessagesOptions {
  /** State of the messages to list. */
  readonly state: QueuedState;
  /** Group whose messages to list; delayed ones belong to all groups. @default the group of this process */
  readonly group?: string;
  /** Maximum number per page, 1 to 1,000. A page also ends at about 1 MiB. @default 100 */
  readonly limit?: number;
  /** Cursor of the previous page. @default undefined (first page) */
  readonly cursor?: string | undefined;
}

export interface MessagesPage<T = unknown> {
  readonly messages: readonly QueuedMessage<T>[];
  /** Cursor for the next page, which may be empty; undefined at the end. */
  readonly cursor: string | undefined;
}

const MOST = 1_000;

const FOREIGN: ForeignNames = Object.freeze({
  count: 'give "limit"',
  size: 'give "limit"',
  after: 'give "cursor", the one of the previous page',
  offset: 'give "cursor", the one of the previous page',
});

/** Lists messages that no handler has at the moment, one page at a time. */
export async function listMessages(
  context: ManageContext,
  path: string,
  options: MessagesOptions,
): Promise<MessagesPage> {
  known('messages()', options, ['state', 'group', 'limit', 'cursor'], FOREIGN);
  const { state, limit = 100, cursor } = options;
  word('state', state, QUEUED_STATES);
  whole('limit', limit, 1, MOST);
  if (options.group !== undefined) validGroup(options.group);
  const group = state === 'delayed' ? '' : (options.group ?? context.ownGroup());
  const list = { path, state, group };
  const begun = cursor === undefined ? undefined : readCursor(list, cursor);
  await (state === 'delayed' ? assertQueue(context, path) : assertGroup(context, path, group));
  const page = new Filling(limit);
  const place = await fill(context, list, page, begun);
  return { messages: page.messages, cursor: place && writeCursor(list, place) };
}

/** @returns the position of the next page, undefined at the end */
function fill(
  context: ManageContext,
  list: MessagesList,
  page: Filling,
  begun: MessagesPlace | undefined,
): Promise<MessagesPlace | undefined> {
  const keys = context.keys.route(list.path);
  const { state, group } = list;
  switch (state) {
    case 'waiting':
      return fillFromStream(context, { key: keys.log, group }, begun, page, readWaiting);
    case 'retrying':
      return fillWithRetries(context, list, page, begun);
    case 'delayed':
      return fillFromSchedule(context, keys, 'send:', begun, page, readDelayed);
    default:
      return state satisfies never;
  }
}

/** Fills with due retries from the inbox first, then with later ones from the schedule. */
async function fillWithRetries(
  context: ManageContext,
  { path, group }: MessagesList,
  page: Filling,
  begun: MessagesPlace | undefined,
): Promise<MessagesPlace | undefined> {
  const keys = context.keys.route(path);
  if (begun?.on !== 'schedule') {
    const inbox = { key: keys.inbox(group), group };
    const rest = await fillFromStream(context, inbox, begun, page, readRedelivery);
    if (rest !== undefined) return rest;
  }
  return fillFromSchedule(context, keys, `retry:${group}:`, begun, page, readRetry);
}
