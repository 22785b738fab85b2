import { setTimeout as delay } from 'node:timers/promises';

import type { EntryId } from '../../message/index.js';
import { wholeNumber } from '../arguments.js';
import type { ManageContext } from '../context.js';
import type { DeadLetter } from './dead-letter.js';
import {
  checkBatch,
  runBatch,
  type Batched,
  type DeadLetterBatchOptions,
} from './dead-letter-batch.js';
import { rangeOf } from './dead-letter-filter.js';
import { upToNow, type DeadLetterQueue } from './dead-letter-scan.js';
import { find } from '../messages/find.js';
import type { FindLimits } from '../messages/find-raw.js';

export interface DeadLetterReplayOptions extends DeadLetterBatchOptions {
  /** So many are replayed first, the rest only if each of these ends well. */
  readonly canary?: number;
  /** How long these may take until they count as failed, ms; ten minutes unless told. */
  readonly canaryTimeoutMs?: number;
}

export interface DeadLetterReplayResult {
  /** How many matched; when it was stopped, or its canaries failed, up to then. */
  readonly matched: number;
  /** How many were replayed: those that nobody else had taken before. */
  readonly replayed: number;
  /** The first few that matched. */
  readonly sample: readonly DeadLetter[];
  /** The signal stopped it before its end. */
  readonly stopped: boolean;
  readonly canary: 'passed' | 'failed' | undefined;
}

type Replay = (ids: EntryId[]) => Promise<readonly EntryId[]>;

const CANARY_TIMEOUT_MS = 10 * 60_000;
const LOOK_FIRST_MS = 20;
const LOOK_MOST_MS = 1_000;

/** Replays what matches and is there when it begins; what dies again meanwhile is left. */
export async function replayMatching(
  context: ManageContext,
  queue: DeadLetterQueue,
  options: DeadLetterReplayOptions,
  replay: Replay,
): Promise<DeadLetterReplayResult> {
  checkBatch('replay()', options, ['canary', 'canaryTimeoutMs']);
  const { canary, canaryTimeoutMs = CANARY_TIMEOUT_MS, limit = Infinity, signal } = options;
  if (canary !== undefined) wholeNumber('canary', canary, 1);
  wholeNumber('canaryTimeoutMs', canaryTimeoutMs, 1);
  const range = await upToNow(queue, rangeOf(options));
  if (canary === undefined || options.dryRun === true || range === undefined) {
    return resultOf(await runBatch(queue, range, options, replay));
  }
  const few = { ...options, limit: Math.min(canary, limit) };
  const canaries: DeadLetter[] = [];
  const first = await runBatch(queue, range, few, replay, undefined, (letters) => {
    canaries.push(...letters);
  });
  const limits = { deadAfter: range.end };
  const verdict = await judge(context, queue, canaries, limits, canaryTimeoutMs, signal);
  const isEnd = first.matched < canary || first.matched >= limit || first.last === undefined;
  if (verdict !== 'passed' || isEnd) return resultOf(first, verdict);
  const others = { ...options, limit: limit - first.matched };
  const after = { start: `(${first.last}`, end: range.end };
  const unlimited = limit === Infinity ? withoutLimit(options) : others;
  const rest = await runBatch(queue, after, unlimited, replay, first);
  return resultOf(
    {
      ...rest,
      matched: first.matched + rest.matched,
      done: first.done + rest.done,
      sample: [...first.sample, ...rest.sample].slice(0, Math.max(first.sample.length, 5)),
    },
    verdict,
  );
}

/** Whether all of them ended well: acked, and not dead again. Undefined if it was stopped before that was known. */
async function judge(
  context: ManageContext,
  { path, group }: DeadLetterQueue,
  letters: readonly DeadLetter[],
  limits: FindLimits,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<'passed' | 'failed' | undefined> {
  const deadline = performance.now() + timeoutMs;
  for (const { origin, replays } of letters) {
    for (let pauseMs = LOOK_FIRST_MS; ; pauseMs = Math.min(pauseMs * 2, LOOK_MOST_MS)) {
      const place = (await find(context, path, origin, limits))?.found.groups[group];
      const isOver = place === undefined || place.state === 'done' || place.state === 'gone';
      if (isOver) break;
      if (place.state === 'dead' && place.replays > replays) return 'failed';
      if (performance.now() >= deadline) return 'failed';
      await delay(pauseMs, undefined, signal && { signal }).catch(() => undefined);
      if (signal?.aborted === true) return undefined;
    }
  }
  return 'passed';
}

function withoutLimit({ limit: _, ...options }: DeadLetterReplayOptions): DeadLetterBatchOptions {
  return options;
}

function resultOf(
  { matched, done, sample, stopped }: Batched,
  canary?: 'passed' | 'failed',
): DeadLetterReplayResult {
  return { matched, replayed: done, sample, stopped, canary };
}
