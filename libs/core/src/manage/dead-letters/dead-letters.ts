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
import { Fingerprints, type DeadLetterFingerprint } from './fingerprint.js';

export interface DeadLetterListOptions extends DeadLetterFilter {
  /** Maximum number per page. @default 100 */
  readonly count?: number;
  /** Id after which the page begins: the last id of the previous page. */
  readonly after?: EntryId;
  /** Newest first. @default false */
  readonly newestFirst?: boolean;
}

/** Options for mending a dead letter. */
export interface DeadLetterMendOptions {
  /** Payload to deliver in place of the original. */
  readonly data: unknown;
}

/** Result of moving or discarding many dead letters. */
export interface DeadLetterBatchResult {
  /** Dead letters that matched, up to the point where the batch stopped. */
  readonly matched: number;
  /** Dead letters moved or discarded; those that someone else had taken before are not counted. */
  readonly done: number;
  /** The first few dead letters that matched. */
  readonly sample: readonly DeadLetter[];
  /** True when the signal stopped the batch before its end. */
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

/** The dead letters of one group on one queue. */
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
   * Lists one page of matching dead letters, the oldest first by default. The next page begins `after` the last id.
   */
  async list<T = unknown>(options: DeadLetterListOptions = {}): Promise<DeadLetter<T>[]> {
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
      // The previous page may have ended outside of `from` and `to`.
      if (letter.deadAt < (options.from ?? 0) || letter.deadAt > (options.to ?? Infinity)) continue;
      if (!matches(letter)) continue;
      found.push(letter as DeadLetter<T>);
      if (found.length >= count) break;
    }
    return found;
  }

  /** Returns a dead letter by its id; undefined if it does not exist any more. */
  async get<T = unknown>(id: EntryId): Promise<DeadLetter<T> | undefined> {
    validEntryId('Dead letter id', id);
    await this.context.ready();
    const { connection, path, group, key } = this.queue;
    const [entry] = await connection.run((client) => client.xrangeBuffer(key, id, id));
    return entry && (readDeadLetter(path, group, id, entry[1]) as DeadLetter<T>);
  }

  /** Groups the dead letters by cause of death, with counts, the most frequent first. */
  async fingerprints(filter: DeadLetterFilter = {}): Promise<DeadLetterFingerprint[]> {
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
   * Delivers dead letters again, to this group only; their attempts and time to live start over. A dead letter that is
   * replayed twice is delivered once.
   *
   * @returns the ids that existed and were replayed
   */
  async replay(ids: Ids): Promise<EntryId[]>;
  /**
   * Replays one dead letter with another payload, to this group only. Its id, headers and time to live stay; for an
   * undecodable one, only the new payload is kept.
   *
   * @throws {MessageError} if the payload is not valid
   */
  async replay(id: EntryId, mend: DeadLetterMendOptions): Promise<EntryId[]>;
  /** Replays all matching dead letters that exist when it starts; those that die again meanwhile are left. */
  async replay(options: DeadLetterReplayOptions): Promise<DeadLetterReplayResult>;
  async replay(
    what: Ids | DeadLetterReplayOptions,
    mend?: DeadLetterMendOptions,
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
   * Replays all dead letters that exist when it starts; those that die again meanwhile are left.
   *
   * @returns the number replayed
   */
  async replayAll(): Promise<number> {
    return (await this.replay({})).replayed;
  }

  /**
   * Publishes dead letters to another queue, to all of its groups. A dead letter that is moved twice is published once.
   *
   * @returns the ids that existed and were moved
   * @throws {RouteFullError} if they exceed the target's `maxLength`; each slice is moved or refused as a whole, and
   *   earlier slices stay moved
   */
  async moveTo(path: string, ids: Ids): Promise<EntryId[]>;
  /** Moves all matching dead letters that exist when it starts. */
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

  /** Drops dead letters for good. Returns the number that existed. */
  async discard(ids: Ids): Promise<number>;
  /** Drops all matching dead letters that exist when it starts. */
  async discard(options: DeadLetterBatchOptions): Promise<DeadLetterBatchResult>;
  async discard(what: Ids | DeadLetterBatchOptions): Promise<number | DeadLetterBatchResult> {
    if (!isIds(what)) return this.batch('discard()', what, (ids) => discardIds(this.queue, ids));
    const ids = validIds(what);
    await this.context.ready();
    return (await discardIds(this.queue, ids)).length;
  }

  private mended(what: Ids | DeadLetterReplayOptions, mend: DeadLetterMendOptions): string {
    known('replay(id, …)', mend, ['data']);
    if (typeof what !== 'string') {
      throw new ConfigError('Only one dead letter at a time can be mended; give its id.');
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
