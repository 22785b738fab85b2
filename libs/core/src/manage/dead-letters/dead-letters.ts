import { ConfigError } from '../../errors.js';
import { encodePayload, normalizePath, validGroup, type EntryId } from '../../message/index.js';
import { flag, known, type ForeignNames } from '../../option-values.js';
import { validEntryId, wholeNumber } from '../arguments.js';
import type { ManageContext } from '../context.js';
import { readDeadLetter, type DeadLetter } from './dead-letter.js';
import { checkBatch, runBatch, type DeadLetterBatchOptions } from './dead-letter-batch.js';
import { FILTER_NAMES, matcherOf, rangeOf, type DeadLetterFilter } from './dead-letter-filter.js';
import {
  replayMatching,
  type DeadLetterReplayOptions,
  type DeadLetterReplayResult,
} from './dead-letter-replay.js';
import { scan, scanBack, upToNow, type DeadLetterQueue } from './dead-letter-scan.js';
import { discardIds, moveIds, replayIds } from './dead-letter-transfer.js';
import { Fingerprints, type Fingerprint } from './fingerprint.js';

export interface ListOptions extends DeadLetterFilter {
  /** How many at most; 100 unless told. */
  readonly count?: number;
  /** Begins after this id: the last one of the page before. */
  readonly after?: EntryId;
  /**
   * The latest first.
   *
   * @default false
   */
  readonly newestFirst?: boolean;
}

/** How a dead letter is mended. */
export interface MendOptions {
  /** What to deliver instead of its own payload. */
  readonly data: unknown;
}

/** What became of moving or discarding many. */
export interface DeadLetterBatchResult {
  /** How many matched; when it was stopped, up to then. */
  readonly matched: number;
  /** How many were moved or discarded: those that nobody else had taken before. */
  readonly done: number;
  /** The first few that matched. */
  readonly sample: readonly DeadLetter[];
  /** The signal stopped it before its end. */
  readonly stopped: boolean;
}

type Ids = EntryId | readonly EntryId[];

const FOREIGN: ForeignNames = Object.freeze({
  limit: 'give "count"',
  size: 'give "count"',
  cursor: 'give "after", the id of the last one',
  offset: 'give "after", the id of the last one',
  start: 'give "after", the id of the last one',
  group: 'give it to deadLetters(path, group)',
});

/** The dead letters of one group on one route. */
export class DeadLetters {
  private readonly queue: DeadLetterQueue;

  constructor(
    private readonly context: ManageContext,
    path: string,
    group: string,
  ) {
    const { connection, keys } = context;
    const key = keys.route(path).dead(validGroup(group));
    this.queue = { connection, path, group, key };
  }

  async count(): Promise<number> {
    await this.context.ready();
    return this.queue.connection.run((client) => client.xlen(this.queue.key));
  }

  /**
   * Those that match, the oldest first unless told, one page: the next one begins `after` the id of the last one.
   */
  async list<T = unknown>(options: ListOptions = {}): Promise<DeadLetter<T>[]> {
    known('list()', options, [...FILTER_NAMES, 'count', 'after', 'newestFirst'], FOREIGN);
    const count = wholeNumber('count', options.count ?? 100, 1);
    const matches = matcherOf(options);
    const range = rangeOf(options);
    const { after, newestFirst = false } = options;
    flag('newestFirst', newestFirst);
    if (after !== undefined) validEntryId('Dead letter id', after);
    await this.context.ready();
    const found: DeadLetter<T>[] = [];
    const next = after === undefined ? undefined : `(${after}`;
    const letters = newestFirst
      ? scanBack(this.queue, { ...range, end: next ?? range.end })
      : scan(this.queue, { ...range, start: next ?? range.start });
    for await (const letter of letters) {
      // Where the page before ended may lie outside of `from` and `to`.
      if (letter.deadAt < (options.from ?? 0) || letter.deadAt > (options.to ?? Infinity)) continue;
      if (!matches(letter)) continue;
      found.push(letter as DeadLetter<T>);
      if (found.length >= count) break;
    }
    return found;
  }

  /** One by its id; undefined if it is not there (any more). */
  async get<T = unknown>(id: EntryId): Promise<DeadLetter<T> | undefined> {
    validEntryId('Dead letter id', id);
    await this.context.ready();
    const { connection, path, group, key } = this.queue;
    const [entry] = await connection.run((client) => client.xrangeBuffer(key, id, id));
    return entry && (readDeadLetter(path, group, id, entry[1]) as DeadLetter<T>);
  }

  /** What they died of, with how many died of it, the most frequent first. */
  async fingerprints(filter: DeadLetterFilter = {}): Promise<Fingerprint[]> {
    known('fingerprints()', filter, FILTER_NAMES);
    const matches = matcherOf(filter);
    await this.context.ready();
    const fingerprints = new Fingerprints();
    const range = await upToNow(this.queue, rangeOf(filter));
    for await (const letter of range === undefined ? [] : scan(this.queue, range)) {
      if (matches(letter)) fingerprints.add(letter);
    }
    return fingerprints.list;
  }

  /**
   * Delivers dead letters again, to this group only, with attempts and time to live beginning anew. One that is replayed
   * twice is delivered once.
   *
   * @returns the ids that were there to be replayed
   */
  async replay(ids: Ids): Promise<EntryId[]>;
  /**
   * Mends one: it is delivered again with another payload, to this group only. Its id, headers and time to live stay; of
   * one that could not be decoded only the new payload is kept.
   *
   * @throws {MessageError} if the payload is not acceptable
   */
  async replay(id: EntryId, mend: MendOptions): Promise<EntryId[]>;
  /** The same for all that match and are there when it begins; what dies again meanwhile is left. */
  async replay(options: DeadLetterReplayOptions): Promise<DeadLetterReplayResult>;
  async replay(
    what: Ids | DeadLetterReplayOptions,
    mend?: MendOptions,
  ): Promise<EntryId[] | DeadLetterReplayResult> {
    const mended = mend === undefined ? undefined : this.mended(what, mend);
    if (isIds(what)) {
      const ids = validIds(what);
      await this.context.ready();
      return replayIds(this.context, this.queue, ids, mended);
    }
    await this.context.ready();
    return replayMatching(this.context, this.queue, what, (ids) =>
      replayIds(this.context, this.queue, ids),
    );
  }

  /**
   * Replays everything that is there when it begins; what dies again meanwhile is left.
   *
   * @returns how many
   */
  async replayAll(): Promise<number> {
    return (await this.replay({})).replayed;
  }

  /**
   * Publishes dead letters to another queue instead, to all of its groups. One that is moved twice is published once.
   *
   * @returns the ids that were there to be moved
   * @throws {RouteFullError} if they would be more than its `maxLength` allows; some at a time are moved or refused, and
   *   those before them stay moved
   */
  async moveTo(path: string, ids: Ids): Promise<EntryId[]>;
  /** The same for all that match and are there when it begins. */
  async moveTo(path: string, options: DeadLetterBatchOptions): Promise<DeadLetterBatchResult>;
  async moveTo(
    path: string,
    what: Ids | DeadLetterBatchOptions,
  ): Promise<EntryId[] | DeadLetterBatchResult> {
    const target = normalizePath(path);
    const move = (ids: readonly EntryId[]): Promise<EntryId[]> =>
      moveIds(this.context, this.queue, target, ids);
    if (!isIds(what)) return this.batch('moveTo()', what, move);
    const ids = validIds(what);
    await this.context.ready();
    return move(ids);
  }

  /** Drops dead letters for good. Returns how many were there. */
  async discard(ids: Ids): Promise<number>;
  /** The same for all that match and are there when it begins. */
  async discard(options: DeadLetterBatchOptions): Promise<DeadLetterBatchResult>;
  async discard(what: Ids | DeadLetterBatchOptions): Promise<number | DeadLetterBatchResult> {
    if (!isIds(what)) return this.batch('discard()', what, (ids) => discardIds(this.queue, ids));
    const ids = validIds(what);
    await this.context.ready();
    return (await discardIds(this.queue, ids)).length;
  }

  private mended(what: Ids | DeadLetterReplayOptions, mend: MendOptions): string {
    known('replay(id, …)', mend, ['data']);
    if (typeof what !== 'string') {
      throw new ConfigError('A payload is mended of one dead letter at a time; give its id.');
    }
    return encodePayload(mend.data, this.context.limits);
  }

  private async batch(
    owner: string,
    options: DeadLetterBatchOptions,
    act: (ids: EntryId[]) => Promise<readonly EntryId[]>,
  ): Promise<DeadLetterBatchResult> {
    checkBatch(owner, options);
    await this.context.ready();
    const range = await upToNow(this.queue, rangeOf(options));
    const batched = await runBatch(this.queue, range, options, act);
    const { matched, done, sample, stopped } = batched;
    return { matched, done, sample, stopped };
  }
}

function isIds(what: Ids | DeadLetterBatchOptions): what is Ids {
  return typeof what === 'string' || Array.isArray(what);
}

function validIds(ids: Ids): readonly EntryId[] {
  const all = typeof ids === 'string' ? [ids] : ids;
  return all.map((id) => validEntryId('Dead letter id', id));
}
