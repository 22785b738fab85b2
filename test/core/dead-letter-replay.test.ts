import { describe, expect, test } from '@jest/globals';
import { RejectError } from '@leanmq/core';

import { useBroker } from '../support/broker.js';
import { deadJobs, failing, type Job } from '../support/dead-jobs.js';
import { eventually } from '../support/eventually.js';

const broker = useBroker();

describe('a replay of dead letters', () => {
  test('replays what matches the filter and leaves the rest, including what dies again meanwhile', async () => {
    const { mq, heal, done } = await deadJobs(broker, [
      ...failing(150, 'range'),
      ...failing(20, 'type'),
    ]);
    heal(({ n }) => n !== 7);
    const progress: unknown[] = [];
    const result = await mq.deadLetters('/job').replay({
      errorName: 'RangeError',
      onProgress: (each) => progress.push(each),
    });
    expect(result).toMatchObject({
      matched: 150,
      replayed: 150,
      stopped: false,
      canary: undefined,
    });
    expect(result.sample).toHaveLength(5);
    expect(progress.at(-1)).toEqual({ matched: 150, done: 150 });
    await eventually(() => done.length === 149);
    await eventually(async () => {
      const left = await mq.deadLetters('/job').list<Job>({ errorName: 'RangeError' });
      expect(left.map(({ data, replays }) => [data?.n, replays])).toEqual([[7, 1]]);
    });
    expect(await mq.deadLetters('/job').count()).toBe(21);
  });

  test('as a dry run counts and changes nothing', async () => {
    const { mq, heal, done } = await deadJobs(broker, failing(120));
    heal(() => true);
    const letters = mq.deadLetters('/job');
    expect(await letters.replay({ dryRun: true, canary: 5 })).toMatchObject({
      ...{ matched: 120, replayed: 0, canary: undefined },
    });
    expect(await letters.discard({ dryRun: true, text: 'rejected 11' })).toMatchObject({
      // 11 and 110 to 119.
      ...{ matched: 11, done: 0 },
    });
    expect(await letters.count()).toBe(120);
    expect(done).toEqual([]);
  });

  test('takes no more than its limit, and no faster than its rate', async () => {
    const { mq, heal, done } = await deadJobs(broker, failing(60));
    heal(() => true);
    const startedAt = performance.now();
    const result = await mq.deadLetters('/job').replay({ limit: 40, perSecond: 100 });
    const tookMs = performance.now() - startedAt;
    expect(result).toMatchObject({ matched: 40, replayed: 40 });
    expect(tookMs).toBeGreaterThan(250);
    expect(tookMs).toBeLessThan(1_500);
    await eventually(() => done.length === 40);
    expect(await mq.deadLetters('/job').count()).toBe(20);
  });

  test('can be stopped in the middle', async () => {
    const { mq, heal } = await deadJobs(broker, failing(50));
    heal(() => true);
    const stop = new AbortController();
    const result = await mq.deadLetters('/job').replay({
      perSecond: 50,
      signal: stop.signal,
      onProgress: ({ done }) => {
        if (done >= 10) stop.abort();
      },
    });
    expect(result.stopped).toBe(true);
    expect(result.replayed).toBeGreaterThanOrEqual(10);
    expect(result.replayed).toBeLessThan(50);
    expect(await mq.deadLetters('/job').count()).toBe(50 - result.replayed);
  });

  test.each([
    '{"origin":"1-0","reason":"failed","error":{"code":1e999}}',
    '{"origin":"1-0","replays":"inf"}',
    '{"origin":"1-0","error":NaN}',
  ])('includes one whose history is %s, and the next one too', async (history) => {
    const mq = broker.mq({ group: 'g' });
    await mq.queue('/a').declareGroup('g');
    const dead = broker.key('a', 'dead:g');
    await broker.redis.xadd(dead, '*', 'm', history, 'd', '"odd"');
    await broker.redis.xadd(dead, '*', 'm', '{"origin":"1-0","reason":"failed"}', 'd', '"other"');
    expect(await mq.deadLetters('/a').replayAll()).toBe(2);
    const received = await mq.receive<string>('/a', { count: 2 });
    expect(received.map(({ data }) => data)).toEqual(['odd', 'other']);
    await Promise.all(received.map((delivery) => delivery.ack()));
  });

  test('delivers each one once when two replays run at the same time', async () => {
    const { mq, heal, done } = await deadJobs(broker, failing(120));
    heal(() => true);
    const [a, b] = await Promise.all([
      mq.deadLetters('/job').replay({}),
      mq.deadLetters('/job').replay({ reason: 'rejected' }),
    ]);
    expect(a.replayed + b.replayed).toBe(120);
    await eventually(() => done.length === 120);
    expect(new Set(done).size).toBe(120);
  });
});

describe('canaries of a replay', () => {
  test('let the rest follow when they end well', async () => {
    const { mq, heal, done } = await deadJobs(broker, failing(30));
    heal(() => true);
    const seen: number[] = [];
    const result = await mq.deadLetters('/job').replay({
      canary: 3,
      onProgress: ({ done: count }) => seen.push(count),
    });
    expect(result).toMatchObject({ matched: 30, replayed: 30, canary: 'passed' });
    expect(result.sample).toHaveLength(5);
    expect(seen).toEqual([3, 30]);
    await eventually(() => done.length === 30);
  });

  test('hold the rest back when one of them dies again', async () => {
    const { mq, heal, done } = await deadJobs(broker, failing(30));
    // The second canary fails again.
    let runs = 0;
    heal(() => (runs += 1) !== 2);
    const result = await mq.deadLetters('/job').replay({ canary: 3 });
    expect(result).toMatchObject({ matched: 3, replayed: 3, canary: 'failed' });
    await eventually(() => done.length === 2);
    expect(await mq.deadLetters('/job').count()).toBe(28);
  });

  test('fail when they do not end in time, and pass when a retry ends well', async () => {
    let mode: 'die' | 'hang' | 'retry' = 'die';
    const mq = await broker.consume(
      '/job',
      async ({ attempt, signal }) => {
        if (mode === 'die') throw new RejectError();
        if (mode === 'retry' && attempt < 3) throw new Error('not yet');
        if (mode !== 'hang') return;
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
      },
      { group: 'g', drainTimeoutMs: 100 },
    );
    for (let n = 0; n < 4; n += 1) await mq.publish('/job', n);
    const letters = mq.deadLetters('/job');
    await eventually(async () => (await letters.count()) === 4);
    mode = 'retry';
    expect(await letters.replay({ canary: 2, limit: 3 })).toMatchObject({
      ...{ matched: 3, replayed: 3, canary: 'passed' },
    });
    mode = 'hang';
    expect(await letters.replay({ canary: 1, canaryTimeoutMs: 100 })).toMatchObject({
      ...{ matched: 1, replayed: 1, canary: 'failed' },
    });
  });

  test('can be more than there are dead letters: then all are replayed', async () => {
    const { mq, heal } = await deadJobs(broker, failing(2));
    heal(() => true);
    expect(await mq.deadLetters('/job').replay({ canary: 10 })).toMatchObject({
      ...{ matched: 2, replayed: 2, canary: 'passed' },
    });
    expect(await mq.deadLetters('/job').replay({ canary: 10 })).toMatchObject({
      ...{ matched: 0, replayed: 0, canary: undefined },
    });
  });

  test('can be abandoned while they run', async () => {
    const { mq, heal } = await deadJobs(broker, failing(3));
    heal(() => true);
    await mq.queue('/job').pause();
    const stop = new AbortController();
    const running = mq.deadLetters('/job').replay({
      canary: 1,
      signal: stop.signal,
      onProgress: () => stop.abort(),
    });
    expect(await running).toMatchObject({ replayed: 1, canary: undefined, stopped: true });
    expect(await mq.deadLetters('/job').count()).toBe(2);
  });
});
