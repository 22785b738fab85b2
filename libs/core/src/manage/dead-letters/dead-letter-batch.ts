import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

import { ConfigError } from '../../errors.js';
import type { EntryId } from '../../message/index.js';
import { abortable, callable, flag, known } from '../../option-values.js';
import { wholeNumber } from '../arguments.js';
import type { DeadLetter } from './dead-letter.js';
import {
  FILTER_NAMES,
  matcherOf,
  type DeadLetterFilter,
  type DeadLetterRange,
} from './dead-letter-filter.js';
import { scan, type DeadLetterQueue } from './dead-letter-scan.js';

/** Options for processing many dead letters at once. */
export interface DeadLetterBatchOptions extends DeadLetterFilter {
  /** Maximum number, the oldest first. @default undefined (no limit) */
  readonly limit?: number;
  /** Maximum number per second. @default undefined (no limit) */
  readonly perSecond?: number;
  /** Count matches and return a sample, but change nothing. @default false */
  readonly dryRun?: boolean;
  readonly onProgress?: (progress: DeadLetterProgress) => void;
  /** Stops the batch; finished work stays. */
  readonly signal?: AbortSignal;
}

export interface DeadLetterProgress {
  /** Dead letters that matched so far. */
  readonly matched: number;
  /** Dead letters processed so far. */
  readonly done: number;
}

/** Result of a batch. */
export interface Batched extends DeadLetterProgress {
  /** The first few dead letters that matched. */
  readonly sample: readonly DeadLetter[];
  /** True when the signal stopped the batch before its end. */
  readonly stopped: boolean;
  /** Last dead letter that was examined. */
  readonly last: EntryId | undefined;
}

const BATCH_NAMES = [...FILTER_NAMES, 'limit', 'perSecond', 'dryRun', 'onProgress', 'signal'];
const SAMPLE = 5;
// A script moves payloads inside Redis and holds up every other client meanwhile.
const PER_CALL = 100;

/** @throws {ConfigError} for an option that is not valid */
export function checkBatch(
  owner: string,
  options: DeadLetterBatchOptions,
  more: readonly string[] = [],
): void {
  known(owner, options, [...BATCH_NAMES, ...more]);
  const { limit, perSecond, dryRun, onProgress, signal } = options;
  flag('dryRun', dryRun);
  callable('onProgress', onProgress);
  abortable(signal);
  if (limit !== undefined) wholeNumber('limit', limit, 1);
  if (perSecond !== undefined && !(Number.isFinite(perSecond) && perSecond > 0)) {
    throw ConfigError.option('perSecond', perSecond, 'a number above 0');
  }
}

/**
 * Processes the matching dead letters of a range, the oldest first, a few at a time.
 *
 * @param act returns the ids that still existed
 * @param before progress of an earlier batch of the same work
 * @param onDone receives the ids that were processed; the others were taken by someone else before. They are not
 * collected here: there may be millions
 */
export async function runBatch(
  queue: DeadLetterQueue,
  range: DeadLetterRange | undefined,
  options: DeadLetterBatchOptions,
  act: (ids: EntryId[]) => Promise<readonly EntryId[]>,
  before: DeadLetterProgress = { matched: 0, done: 0 },
  onDone?: (letters: readonly DeadLetter[]) => void,
): Promise<Batched> {
  const { limit = Infinity, dryRun, onProgress, signal } = options;
  const matches = matcherOf(options);
  const pace = new Pace(options.perSecond, signal);
  const sample: DeadLetter[] = [];
  let matched = 0;
  let done = 0;
  let last: EntryId | undefined;
  let chunk: DeadLetter[] = [];

  const isStopped = (): boolean => signal?.aborted === true;
  const flush = async (): Promise<void> => {
    if (chunk.length === 0) return;
    if (dryRun !== true) {
      await pace.wait(done);
      if (isStopped()) return;
      const ids = new Set(await act(chunk.map(({ id }) => id)));
      done += ids.size;
      onDone?.(chunk.filter(({ id }) => ids.has(id)));
    }
    chunk = [];
    onProgress?.({ matched: before.matched + matched, done: before.done + done });
  };

  for await (const letter of range === undefined ? [] : scan(queue, range)) {
    if (isStopped() || matched >= limit) break;
    last = letter.id;
    if (!matches(letter)) continue;
    matched += 1;
    if (sample.length < SAMPLE) sample.push(letter);
    chunk.push(letter);
    if (chunk.length >= pace.chunk) await flush();
  }
  await flush();
  return { matched, done, sample, stopped: isStopped(), last };
}

/** Limits the speed of a batch. */
class Pace {
  private readonly startedAt = performance.now();
  /** Number per tenth of a second, so that the load is even. */
  readonly chunk: number;

  constructor(
    private readonly perSecond: number | undefined,
    private readonly signal: AbortSignal | undefined,
  ) {
    this.chunk = Math.max(1, Math.min(PER_CALL, Math.ceil((perSecond ?? Infinity) / 10)));
  }

  async wait(done: number): Promise<void> {
    if (this.perSecond === undefined) return;
    const aheadMs = (done / this.perSecond) * 1_000 - (performance.now() - this.startedAt);
    if (aheadMs <= 0) return;
    await delay(aheadMs, undefined, this.signal && { signal: this.signal }).catch(() => undefined);
  }
}
