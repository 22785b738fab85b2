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
  /** Number to replay first; the rest follows only if all of these succeed. @default undefined (no canaries) */
  readonly canary?: number;
  /** Time after which unfinished canaries count as failed, in ms. @default 600_000 */
  readonly canaryTimeoutMs?: number;
}

export interface DeadLetterReplayResult {
  /** Dead letters that matched, up to the point where the replay stopped or its canaries failed. */
  readonly matched: number;
  /** Dead letters replayed; those that someone else had taken before are not counted. */
  readonly replayed: number;
  /** The first few dead letters that matched. */
  readonly sample: readonly DeadLetter[];
  /** True when the signal stopped the replay before its end. */
  readonly stopped: boolean;
  readonly canary: 'passed' | 'failed' | undefined;
}

type Replay = (ids: EntryId[]) => Promise<readonly EntryId[]>;

const CANARY_TIMEOUT_MS = 10 * 60_000;
const LOOK_FIRST_MS = 20;
const LOOK_MOST_MS = 1_000;

/** Replays the matching dead letters that exist when it starts; those that die again meanwhile are left. */
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

/** Resolves to whether all canaries succeeded: acked, and not dead again. Undefined if stopped before that is known. */
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
