import { isLater, mayBeDamaged, type EntryId } from '../../message/index.js';
import type { RouteKeys } from '../../redis/index.js';
import type { ManageContext } from '../context.js';
import { listScheduledScript, type RawScheduled } from './message-scripts.js';
import type { MessagesPlace } from './messages-cursor.js';
import type { QueuedMessage } from './queued-message.js';
import { SLICE_BYTES, SLICE_COUNT, inSlices } from '../slices.js';
import { PAGE_BYTES, sizeOf, streamPages } from '../stream-pages.js';

type Context = Pick<ManageContext, 'connection'>;
type StreamPlace = Extract<MessagesPlace, { readonly on: 'stream' }>;
type SchedulePlace = Extract<MessagesPlace, { readonly on: 'schedule' }>;

// The script unpacks each one: about a millisecond of Redis for this many.
const UNPACKED_TOGETHER = 100;

/** A page being filled, limited in messages and bytes; the last message may exceed the bytes. */
export class Filling {
  readonly messages: QueuedMessage[] = [];
  bytesLeft = PAGE_BYTES;

  constructor(private readonly limit: number) {}

  add(message: QueuedMessage, bytes: number): void {
    this.messages.push(message);
    this.bytesLeft -= bytes;
  }

  get room(): number {
    return this.limit - this.messages.length;
  }

  get isFull(): boolean {
    return this.room <= 0 || this.bytesLeft <= 0;
  }
}

/**
 * Fills a page with entries of a stream that its group has not received yet, the oldest first.
 *
 * @returns the position of the next page, undefined at the end
 */
export async function fillFromStream(
  { connection }: Context,
  { key, group }: { readonly key: string; readonly group: string },
  begun: MessagesPlace | undefined,
  page: Filling,
  read: (id: EntryId, fields: readonly Buffer[]) => QueuedMessage,
): Promise<StreamPlace | undefined> {
  const given = await lastGiven({ connection }, key, group);
  if (given === undefined) return undefined;
  let after = begun?.on === 'stream' && isLater(begun.after, given) ? begun.after : given;
  // One more than there is room for, to detect the end.
  const range = { start: `(${after}`, end: '+', most: page.room + 1 };
  for await (const entries of streamPages(connection, key, range)) {
    for (const [id, fields] of entries) {
      if (page.isFull) return { on: 'stream', after };
      page.add(read(id, fields), sizeOf(fields));
      after = id;
    }
    // The next entries cannot fit, so they are not read.
    if (page.bytesLeft <= 0) return { on: 'stream', after };
  }
  return undefined;
}

/** Returns the last entry that a group has received, '0-0' if none; undefined if the group is not on the stream. */
async function lastGiven(
  { connection }: Context,
  key: string,
  group: string,
): Promise<EntryId | undefined> {
  const rows = await connection.run(async (client) => {
    try {
      return (await client.xinfo('GROUPS', key)) as unknown[][];
    } catch (error) {
      if (error instanceof Error && error.message.includes('no such key')) return [];
      throw error;
    }
  });
  const row = rows.find((each) => each[each.indexOf('name') + 1] === group);
  return row && String(row[row.indexOf('last-delivered-id') + 1]);
}

/**
 * Fills a page with scheduled messages whose names have the prefix, the next due first.
 *
 * @param read receives the rest of the name
 * @returns the position of the next page, undefined at the end
 */
export async function fillFromSchedule(
  { connection }: Context,
  { schedule, scheduled }: RouteKeys,
  prefix: string,
  begun: MessagesPlace | undefined,
  page: Filling,
  read: (name: string, due: string, fields: readonly string[], isIntact: boolean) => QueuedMessage,
): Promise<SchedulePlace | undefined> {
  let { from, skip } = begun?.on === 'schedule' ? begun : { from: '-inf', skip: 0 };
  await inSlices(async () => {
    const args = {
      ...{ prefix, from, skip, look: SLICE_COUNT },
      count: Math.min(page.room, UNPACKED_TOGETHER),
      limitBytes: Math.min(page.bytesLeft, SLICE_BYTES),
    };
    const slice = await connection.run((client) =>
      listScheduledScript.run(client, { schedule, scheduled }, args),
    );
    for (const raw of slice.list) {
      const [member, due, fields] = raw;
      const isIntact = await isAsStored({ connection }, scheduled, raw);
      page.add(read(member.slice(prefix.length), due, fields, isIntact), bytesOf(fields));
    }
    ({ from, skip } = slice);
    return from !== '' && !page.isFull;
  });
  return from === '' ? undefined : { on: 'schedule', from, skip };
}

/** Returns true when the text equals the stored bytes; bytes that are not UTF-8 are decoded to U+FFFD. */
async function isAsStored(
  { connection }: Context,
  scheduled: string,
  [member, , fields]: RawScheduled,
): Promise<boolean> {
  if (!mayBeDamaged(fields)) return true;
  const packed = await connection.run((client) => client.hgetBuffer(scheduled, member));
  return fields.every((field) => packed?.includes(field) === true);
}

function bytesOf(fields: readonly string[]): number {
  return fields.reduce((total, field) => total + Buffer.byteLength(field), 0);
}
