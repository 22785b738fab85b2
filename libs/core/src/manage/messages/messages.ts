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
  /** Which messages to list. */
  readonly state: QueuedState;
  /** Whose messages; delayed ones are for all groups. @default the group of this process */
  readonly group?: string;
  /** How many at most, 1 to 1,000. A page of large messages has fewer: it ends at about 1 MiB. @default 100 */
  readonly limit?: number;
  /** Where to go on: the cursor of the page before. */
  readonly cursor?: string | undefined;
}

export interface MessagesPage<T = unknown> {
  readonly messages: readonly QueuedMessage<T>[];
  /** Leads to the next page, which may be empty; undefined at the end. */
  readonly cursor: string | undefined;
}

const MOST = 1_000;

const FOREIGN: ForeignNames = Object.freeze({
  count: 'give "limit"',
  size: 'give "limit"',
  after: 'give "cursor", the one of the page before',
  offset: 'give "cursor", the one of the page before',
});

/** Lists messages that no handler has at the moment, a page at a time. */
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

/** @returns where the next page begins, undefined at the end */
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

/** First those that are due and lie in the inbox, then those in the schedule. */
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
