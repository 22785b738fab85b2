import { describe, expect, test } from '@jest/globals';
import type { LeanMQ, ReplayProgress } from '@leanmq/core';

import { useBroker } from '../support/broker.js';
import { eventually } from '../support/eventually.js';

const broker = useBroker();

type Seen = [n: number, replays: number, attempt: number];

/** Starts two groups that have finished `total` messages, and records what each sees afterwards. */
async function withHistory(
  total: number,
): Promise<{ mq: LeanMQ; seen: Seen[]; other: number[]; ids: string[] }> {
  const seen: Seen[] = [];
  const other: number[] = [];
  const mq = await broker.consume<number>(
    '/past',
    ({ data, replays, attempt }) => void seen.push([data, replays, attempt]),
    { group: 'g', retention: { ageMs: 3_600_000 }, handlers: { concurrency: 50 } },
  );
  await broker.consume<number>('/past', ({ data }) => void other.push(data), {
    group: 'other',
    retention: { ageMs: 3_600_000 },
  });
  const results = await Promise.all(
    Array.from({ length: total }, (_, n) => mq.publish('/past', n)),
  );
  await eventually(() => seen.length === total && other.length === total);
  seen.length = 0;
  other.length = 0;
  return { mq, seen, other, ids: results.map(({ id }) => id) };
}

describe('a replay of history', () => {
  test('delivers past messages again, marked as replays, to one group only', async () => {
    const { mq, seen, other } = await withHistory(250);
    const progress: ReplayProgress[] = [];
    const result = await mq.replay('/past', { onProgress: (each) => progress.push(each) });
    expect(result).toMatchObject({ state: 'finished', seen: 250, replayed: 250 });
    expect(progress.map(({ replayed }) => replayed)).toEqual([100, 200, 250]);
    await eventually(() => seen.length === 250);
    expect(seen.map(([n]) => n).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 250 }, (_, n) => n),
    );
    expect(seen.every(([, replays, attempt]) => replays === 1 && attempt === 1)).toBe(true);
    expect(other).toEqual([]);
    expect(await broker.redis.exists(broker.key('past', 'replays'))).toBe(0);
  });

  test('can be narrowed by time, filter and limit, and delivers nothing as a dry run', async () => {
    const { mq, seen, ids } = await withHistory(40);
    const where = ({ data }: { data: number }): boolean => data % 2 === 0;
    const dry = await mq.replay<number>('/past', { where, limit: 7, dryRun: true });
    expect(dry).toMatchObject({ replayed: 7, state: 'finished' });
    expect(dry.sample.map(({ data }) => data)).toEqual([0, 2, 4, 6, 8]);
    expect(await mq.replay<number>('/past', { where, limit: 7 })).toMatchObject({ replayed: 7 });
    await eventually(() => seen.length === 7);
    expect(seen.map(([n]) => n).toSorted((a, b) => a - b)).toEqual([0, 2, 4, 6, 8, 10, 12]);
    const lastAt = Number(ids.at(-1)?.split('-')[0]);
    expect(await mq.replay('/past', { from: lastAt + 1, dryRun: true })).toMatchObject({
      replayed: 0,
    });
    expect(await mq.replay('/past', { to: lastAt, dryRun: true })).toMatchObject({ replayed: 40 });
    expect(await mq.replay('/past', { to: 1, dryRun: true })).toMatchObject({ replayed: 0 });
  });

  test('can be stopped and resumed, and delivers each message once', async () => {
    const { mq, seen } = await withHistory(300);
    const stop = new AbortController();
    const stopped = await mq.replay('/past', {
      signal: stop.signal,
      onProgress: ({ replayed }) => {
        if (replayed === 100) stop.abort();
      },
    });
    expect(stopped).toMatchObject({ state: 'stopped', replayed: 100 });
    // This note keeps what the replay has not reached yet, whatever the retention says.
    expect(await broker.redis.hlen(broker.key('past', 'replays'))).toBe(1);
    const rest = await mq.replay('/past', { resume: stopped.id });
    expect(rest).toMatchObject({ state: 'finished', replayed: 200 });
    await eventually(() => seen.length === 300);
    expect(new Set(seen.map(([n]) => n)).size).toBe(300);
    await expect(mq.replay('/past', { resume: stopped.id })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  test('that was stopped is listed and can be cancelled: then nothing is kept for it', async () => {
    const { mq } = await withHistory(300);
    const stop = new AbortController();
    const { id, at } = await mq.replay('/past', {
      signal: stop.signal,
      onProgress: () => stop.abort(),
    });
    const queue = mq.queue('/past');
    const [noted] = await queue.replays();
    expect(noted).toMatchObject({ id, at, group: 'g' });
    expect(noted?.until).toBeGreaterThanOrEqual(at);
    expect(await queue.cancelReplay(id)).toBe('cancelled');
    expect(await queue.cancelReplay(id)).toBe('not-found');
    expect(await queue.replays()).toEqual([]);
    await expect(mq.replay('/past', { resume: id })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('that is running stops when it is cancelled', async () => {
    const { mq } = await withHistory(300);
    let cancelled: Promise<unknown> | undefined;
    const result = await mq.replay('/past', {
      perSecond: 200,
      onProgress: ({ id }) => void (cancelled ??= mq.queue('/past').cancelReplay(id)),
    });
    expect(await cancelled).toBe('cancelled');
    expect(result.state).toBe('cancelled');
    expect(result.replayed).toBeLessThan(300);
  });

  test('goes no faster than its rate', async () => {
    const { mq } = await withHistory(300);
    const startedAt = performance.now();
    await mq.replay('/past', { perSecond: 400 });
    // The first page goes at once, the other two wait for their turn.
    expect(performance.now() - startedAt).toBeGreaterThan(450);
  });

  test('refuses invalid options by name', async () => {
    const mq = broker.mq({ group: 'g' });
    for (const [name, value] of Object.entries({
      limit: 0,
      perSecond: -1,
      from: -1,
      to: Number.NaN,
    })) {
      await expect(mq.replay('/past', { [name]: value })).rejects.toThrow(`"${name}"`);
    }
  });
});
