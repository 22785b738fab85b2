import { setTimeout as delay } from 'node:timers/promises';

import { ConfigError, NotFoundError } from '../../errors.js';
import {
  decodePayload,
  displayPath,
  entryTime,
  readEntry,
  uniqueId,
  type EntryId,
} from '../../message/index.js';
import { abortable, callable, flag, known, type ForeignNames } from '../../option-values.js';
import type { Connection, RouteKeys } from '../../redis/index.js';
import { assertGroup, validReplayId } from '../arguments.js';
import type { ManageContext } from '../context.js';
import { REPLAY_TOUCH_MS, readNote } from './replays.js';
import { replayHistoryScript, touchReplayScript } from '../scripts.js';
import { SLICE_MOVED_BYTES } from '../slices.js';
import { FIRST_PAGE, countToFill } from '../stream-pages.js';

/** A message of the past, as the filter of a replay sees it. */
export interface PastMessage<T = unknown> {
  readonly id: EntryId;
  readonly data: T;
  readonly publishedAt: number;
}

export interface ReplayOptions<T = unknown> {
  /** Start, epoch ms on the server's clock. @default the oldest retained message */
  readonly from?: number;
  /** End, epoch ms; messages published during the replay are never part of it. @default now */
  readonly to?: number;
  /** Filter for messages. @default all messages */
  readonly where?: (message: PastMessage<T>) => boolean;
  /** Maximum number of messages. @default undefined (no limit) */
  readonly limit?: number;
  /** Maximum number of messages per second. @default undefined (no limit) */
  readonly perSecond?: number;
  /** Count matching messages and return a sample, but deliver nothing. @default false */
  readonly dryRun?: boolean;
  readonly onProgress?: (progress: ReplayProgress) => void;
  /** Stops the replay; it can be resumed by its id. */
  readonly signal?: AbortSignal;
  /** Id of a stopped replay to resume; pass the same `where` again. */
  readonly resume?: string;
}

export interface ReplayProgress {
  readonly id: string;
  /** Messages examined so far. */
  readonly seen: number;
  /** Messages delivered again so far; with `dryRun`, those that would be. */
  readonly replayed: number;
  /** Publication time of the message that it has reached, epoch ms. */
  readonly at: number;
}

export interface ReplayResult extends ReplayProgress {
  readonly state: 'finished' | 'stopped' | 'cancelled';
  /** The first few messages that matched. */
  readonly sample: readonly PastMessage[];
}

const REPLAY_NAMES: readonly string[] = [
  ...['from', 'to', 'where', 'limit', 'perSecond', 'dryRun', 'onProgress', 'signal', 'resume'],
];
const FOREIGN: ForeignNames = Object.freeze({
  since: 'give "from"',
  until: 'give "to"',
  filter: 'give "where"',
  count: 'give "limit"',
  rate: 'give "perSecond"',
});
const SAMPLE = 5;
// Replayed messages wait behind live retries, never more of them than a group handles in a moment.
const WINDOW = 1_000;
const LOOK_AGAIN_MS = 50;

/** @throws {ConfigError} for anything but an object, or an unknown option */
export function assertReplayOptions(options: object): void {
  known('replay()', options, ['group', ...REPLAY_NAMES], FOREIGN);
}

/** Delivers the past messages of a route again, to one group only. Its cursor is kept in Redis. */
export class HistoryReplay<T = unknown> {
  readonly id: string;
  private seen = 0;
  private replayed = 0;
  private readonly sample: PastMessage[] = [];
  private readonly startedAt = performance.now();
  private readonly connection: Connection;
  private readonly keys: RouteKeys;

  constructor(
    private readonly context: ManageContext,
    private readonly path: string,
    private group: string,
    private readonly options: ReplayOptions<T>,
  ) {
    known('replay()', options, REPLAY_NAMES, FOREIGN);
    const { where, onProgress, dryRun, signal, resume } = options;
    callable('where', where);
    callable('onProgress', onProgress);
    flag('dryRun', dryRun);
    abortable(signal);
    if (resume !== undefined) validReplayId('Option "resume"', resume);
    this.connection = context.connection;
    this.keys = context.keys.route(path);
    for (const name of ['limit', 'perSecond'] as const) {
      const value = options[name];
      if (value !== undefined && !(Number.isFinite(value) && value > 0)) {
        throw ConfigError.option(name, value, 'a number above 0');
      }
    }
    for (const name of ['from', 'to'] as const) {
      const value = options[name];
      if (value !== undefined && !(value >= 0 && value <= Number.MAX_SAFE_INTEGER)) {
        throw ConfigError.option(name, value, 'an instant, epoch ms');
      }
    }
    this.id = options.resume ?? uniqueId();
  }

  /** @throws {NotFoundError} if the queue, its group or the replay to resume does not exist */
  async run(): Promise<ReplayResult> {
    const { cursor, end } = await this.begin();
    if (this.options.dryRun === true) return this.walk(cursor, end);
    // While the replay reports its presence, messages that it has not reached are kept for it.
    const timer = setInterval(() => void this.touch(), REPLAY_TOUCH_MS);
    try {
      await this.touch();
      const result = await this.walk(cursor, end);
      if (result.state === 'finished') await this.cancel();
      return result;
    } finally {
      clearInterval(timer);
    }
  }

  /** Forgets the replay: it can no longer be resumed, and nothing is kept for it. */
  async cancel(): Promise<void> {
    await this.connection.run((client) => client.hdel(this.keys.replays, this.id));
  }

  private async touch(): Promise<void> {
    const { replays } = this.keys;
    const touch = this.connection.run((client) =>
      touchReplayScript.run(client, { replays }, { id: this.id }),
    );
    // The next step that matters reports the fault.
    await touch.catch(() => undefined);
  }

  private async begin(): Promise<{ cursor: EntryId; end: EntryId }> {
    const { resume, from, to, dryRun } = this.options;
    if (resume !== undefined) return this.resume(resume);
    await assertGroup(this.context, this.path, this.group);
    const [newest] = await this.connection.run((client) =>
      client.xrevrange(this.keys.log, to === undefined ? '+' : Math.floor(to), '-', 'COUNT', 1),
    );
    const end = newest?.[0] ?? '0-0';
    const cursor =
      from === undefined || from < 1 ? '0-0' : `${Math.ceil(from) - 1}-${MAX_SEQUENCE}`;
    if (dryRun !== true) {
      const what = JSON.stringify({ group: this.group, end });
      await this.connection.run((client) =>
        client.hset(this.keys.replays, this.id, `${cursor} ${what}`),
      );
    }
    return { cursor, end };
  }

  /** Resumes a replay for the group that it was started for. */
  private async resume(id: string): Promise<{ cursor: EntryId; end: EntryId }> {
    const text = await this.connection.run((client) => client.hget(this.keys.replays, id));
    const noted = text === null ? undefined : readNote(text);
    if (noted === undefined) throw new NotFoundError(`There is no replay "${id}" to resume.`);
    this.group = noted.group;
    await assertGroup(this.context, this.path, this.group);
    return noted;
  }

  private async walk(start: EntryId, end: EntryId): Promise<ReplayResult> {
    const { limit = Infinity, dryRun, signal } = this.options;
    let cursor = start;
    while (this.replayed < limit) {
      if (signal?.aborted === true) return this.result(cursor, 'stopped');
      if (dryRun !== true) await this.untilThereIsRoom();
      const page = await this.page(cursor, end);
      if (page.length === 0) break;
      const { ids, cursor: next } = this.choose(page, limit - this.replayed);
      if (dryRun === true) this.replayed += ids.length;
      else if (!(await this.deliverAll(cursor, next, ids))) return this.result(cursor, 'cancelled');
      cursor = next;
      this.options.onProgress?.(this.progress(cursor));
    }
    return this.result(cursor, 'finished');
  }

  /** Reads one page: a hundred entries, or about a megabyte. */
  private async page(after: EntryId, end: EntryId): Promise<[string, string[]][]> {
    const page: [string, string[]][] = [];
    for (let count = FIRST_PAGE; count > 0; count = countToFill(page)) {
      const from = `(${page.at(-1)?.[0] ?? after}`;
      const some = await this.connection.run((client) =>
        client.xrange(this.keys.log, from, end, 'COUNT', count),
      );
      page.push(...some);
      if (some.length < count) break;
    }
    return page;
  }

  /** Selects the messages of a page to deliver, and the entry up to which the page has been examined. */
  private choose(
    page: readonly [string, string[]][],
    room: number,
  ): { ids: EntryId[]; cursor: EntryId } {
    const { where } = this.options;
    const ids: EntryId[] = [];
    let cursor = '';
    for (const [id, fields] of page) {
      if (ids.length >= room) break;
      cursor = id;
      this.seen += 1;
      const message = pastMessage<T>(id, fields);
      if (message === undefined || where?.(message) === false) continue;
      if (this.sample.length < SAMPLE) this.sample.push(message);
      ids.push(id);
    }
    return { ids, cursor };
  }

  /** Delivers a page, in as many steps as its size requires. Returns false when the replay is no longer ours. */
  private async deliverAll(
    from: EntryId,
    next: EntryId,
    ids: readonly EntryId[],
  ): Promise<boolean> {
    let cursor = from;
    let left = ids;
    while (cursor !== next) {
      const step = await this.deliver(cursor, next, left);
      if (step === undefined) return false;
      this.replayed += step.delivered;
      cursor = step.reached;
      left = left.slice(left.indexOf(cursor) + 1);
    }
    return true;
  }

  private deliver(
    cursor: EntryId,
    next: EntryId,
    ids: readonly EntryId[],
  ): Promise<{ delivered: number; reached: EntryId } | undefined> {
    const { log, replays, expiry } = this.keys;
    const names = { log, inbox: this.keys.inbox(this.group), replays, expiry };
    let attempts = 0;
    return this.connection.run(async (client) => {
      attempts += 1;
      const args = { id: this.id, group: this.group, cursor, next, limitBytes: SLICE_MOVED_BYTES };
      const step = await replayHistoryScript.run(client, names, args, { args: ids });
      if (step === 'no group') throw this.noGroup();
      if (step !== 'overtaken') return step;
      if (attempts === 1) return undefined;
      // A repeated call may follow our own first one, whose reply was lost; the cursor then has its new value already.
      const noted = readNote((await client.hget(replays, this.id)) ?? '')?.cursor ?? '';
      if (noted === next) return { delivered: ids.length, reached: next };
      const index = ids.indexOf(noted);
      return index < 0 ? undefined : { delivered: index + 1, reached: noted };
    });
  }

  private noGroup(): NotFoundError {
    return new NotFoundError(
      `There is no group "${this.group}" on "${displayPath(this.path)}" to replay to; declare it with declareGroup(), or start its service.`,
    );
  }

  private async untilThereIsRoom(): Promise<void> {
    const { perSecond, signal } = this.options;
    for (;;) {
      if (signal?.aborted === true) return;
      const aheadMs =
        perSecond === undefined
          ? 0
          : (this.replayed / perSecond) * 1_000 - (performance.now() - this.startedAt);
      const waiting = await this.connection.run((client) =>
        client.xlen(this.keys.inbox(this.group)),
      );
      if (aheadMs <= 0 && waiting < WINDOW) return;
      await delay(Math.max(aheadMs, LOOK_AGAIN_MS), undefined, signal && { signal }).catch(
        () => undefined,
      );
    }
  }

  private progress(cursor: EntryId): ReplayProgress {
    return { id: this.id, seen: this.seen, replayed: this.replayed, at: entryTime(cursor) };
  }

  private result(cursor: EntryId, state: ReplayResult['state']): ReplayResult {
    return { ...this.progress(cursor), state, sample: this.sample };
  }
}

const MAX_SEQUENCE = '18446744073709551615';

/** Returns undefined for a message that cannot be decoded: it is among the dead letters already. */
function pastMessage<T>(id: EntryId, fields: readonly string[]): PastMessage<T> | undefined {
  try {
    const data = decodePayload(readEntry(fields).data) as T;
    return { id, data, publishedAt: entryTime(id) };
  } catch {
    return undefined;
  }
}
