import { describe, expect, test } from '@jest/globals';
import {
  InvalidDeliveryError,
  RejectError,
  type DeadLetterFilter,
  type LeanMQ,
  type LeanMQEvents,
} from '@leanmq/core';

import { useBroker } from '../support/broker.js';
import { eventually, nextEvent } from '../support/eventually.js';

const broker = useBroker();

interface Job {
  readonly n: number;
  readonly fails?: 'reject' | 'type' | 'range' | 'invalid';
}

function failOf({ fails, n }: Job): void {
  if (fails === 'reject') throw new RejectError(`Rejected ${n}`);
  if (fails === 'type') throw new TypeError('is not a function');
  if (fails === 'range') throw new RangeError(`out of range: ${n}`);
  if (fails === 'invalid') throw new InvalidDeliveryError('Wrong shape');
}

/** Jobs that have died; `heal` lets those run for which it returns true. */
async function died(
  jobs: readonly Job[],
): Promise<{ mq: LeanMQ; heal: (isHealed: (job: Job) => boolean) => void; done: number[] }> {
  let isHealed: (job: Job) => boolean = () => false;
  const done: number[] = [];
  const mq = await broker.consume<Job>(
    '/job',
    ({ data }) => {
      if (!isHealed(data)) failOf(data);
      done.push(data.n);
    },
    { group: 'g', handlers: { attempts: 1 } },
  );
  for (const job of jobs) await mq.publish('/job', job, { headers: { tenant: `t${job.n}` } });
  const failing = jobs.filter(({ fails }) => fails !== undefined).length;
  await eventually(async () => (await mq.deadLetters('/job').count()) === failing);
  done.length = 0;
  return { mq, heal: (next) => void (isHealed = next), done };
}

const many = (count: number, fails: Job['fails'] = 'reject'): Job[] =>
  Array.from({ length: count }, (_, n) => ({ n, ...(fails !== undefined && { fails }) }));

const isAnything = (): boolean => true;

describe('dead letters by filter', () => {
  test('are told apart by reason, error, time and text, and paged', async () => {
    const { mq } = await died([
      { n: 1, fails: 'reject' },
      { n: 2, fails: 'type' },
      { n: 3, fails: 'range' },
      { n: 4, fails: 'invalid' },
      { n: 5, fails: 'reject' },
    ]);
    const letters = mq.deadLetters('/job');
    const list = async (filter: DeadLetterFilter): Promise<number[]> =>
      (await letters.list<Job>(filter)).map(({ data }) => data?.n ?? 0).toSorted();
    expect(await list({})).toEqual([1, 2, 3, 4, 5]);
    expect(await list({ reason: 'rejected' })).toEqual([1, 5]);
    expect(await list({ reason: ['failed', 'invalid'] })).toEqual([2, 3, 4]);
    expect(await list({ errorName: 'RangeError' })).toEqual([3]);
    expect(await list({ text: 'OUT OF range' })).toEqual([3]);
    expect(await list({ text: '"n":4' })).toEqual([4]);
    expect(await list({ text: '"tenant":"t2"' })).toEqual([2]);
    expect(await list({ reason: 'rejected', text: 'rejected 5' })).toEqual([5]);
    const all = await letters.list();
    const [first, last] = [all[0], all[4]];
    expect(await list({ from: (last?.deadAt ?? 0) + 1 })).toEqual([]);
    expect(await list({ to: (first?.deadAt ?? 0) - 1 })).toEqual([]);
    expect(await list({ from: first?.deadAt ?? 0, to: last?.deadAt ?? 0 })).toHaveLength(5);

    const pages: number[] = [];
    for (let after: string | undefined; ;) {
      const options = { count: 1, reason: 'rejected' as const };
      const page = await letters.list<Job>(after === undefined ? options : { ...options, after });
      if (page.length === 0) break;
      expect(page).toHaveLength(1);
      pages.push(page[0]?.data?.n ?? 0);
      after = page.at(-1)?.id;
    }
    expect(pages.toSorted()).toEqual([1, 5]);
  });

  test('are grouped by what they died of, the most frequent first', async () => {
    const { mq } = await died([...many(3, 'range'), ...many(2, 'type'), { n: 9, fails: 'reject' }]);
    const letters = mq.deadLetters('/job');
    const [range, type, reject, ...rest] = await letters.fingerprints();
    expect(rest).toEqual([]);
    expect(range).toMatchObject({ count: 3 });
    expect(range?.fingerprint).toMatch(
      /^RangeError at failOf \(.*dead-letter-batches\.test\.ts:\d+\)$/,
    );
    expect(range?.firstAt).toBeLessThanOrEqual(range?.lastAt ?? 0);
    expect(range?.sampleMessage).toMatch(/^out of range: \d$/);
    expect(await letters.get(range?.sampleId ?? '')).toMatchObject({ reason: 'failed' });
    expect(type?.fingerprint).toMatch(/^TypeError at failOf/);
    expect(reject).toMatchObject({ count: 1 });
    const same = await letters.list({ fingerprint: range?.fingerprint ?? '' });
    expect(same.every(({ error }) => error?.name === 'RangeError')).toBe(true);
    expect(same).toHaveLength(3);
    expect(await letters.fingerprints({ reason: 'rejected' })).toHaveLength(1);
  });

  test('a filter that is none is refused', async () => {
    const letters = broker.mq().deadLetters('/job', 'g');
    const wrong: unknown[] = [
      { reason: 'bad' },
      { reason: ['failed', 'bad'] },
      { errorName: '' },
      { text: 7 },
      { from: -1 },
      { to: '2026' },
      { from: Number.NaN },
      { before: 1 },
      null,
    ];
    for (const filter of wrong) {
      const given = filter as DeadLetterFilter;
      const invalid = { code: 'CONFIG_INVALID' };
      await expect(letters.list(given)).rejects.toMatchObject(invalid);
      await expect(letters.fingerprints(given)).rejects.toMatchObject(invalid);
      await expect(letters.replay(given)).rejects.toMatchObject(invalid);
      await expect(letters.discard(given)).rejects.toMatchObject(invalid);
      await expect(letters.moveTo('/b', given)).rejects.toMatchObject(invalid);
    }
    for (const batch of [{ limit: 0 }, { perSecond: 0 }, { perSecond: -1 }, { canary: 1.5 }]) {
      await expect(letters.replay(batch)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    }
    await expect(letters.list({ after: 'x' })).rejects.toMatchObject({ code: 'ID_INVALID' });
    await expect(letters.list({ count: 0 })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});

describe('replaying by filter', () => {
  test('replays what matches and leaves the rest; what dies again meanwhile is left', async () => {
    const { mq, heal, done } = await died([...many(150, 'range'), ...many(20, 'type')]);
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

  test('a dry run counts and changes nothing', async () => {
    const { mq, heal, done } = await died(many(120));
    heal(isAnything);
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

  test('takes no more than told, and no faster', async () => {
    const { mq, heal, done } = await died(many(60));
    heal(isAnything);
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
    const { mq, heal } = await died(many(50));
    heal(isAnything);
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

  test('two at once deliver each once', async () => {
    const { mq, heal, done } = await died(many(120));
    heal(isAnything);
    const [a, b] = await Promise.all([
      mq.deadLetters('/job').replay({}),
      mq.deadLetters('/job').replay({ reason: 'rejected' }),
    ]);
    expect(a.replayed + b.replayed).toBe(120);
    await eventually(() => done.length === 120);
    expect(new Set(done).size).toBe(120);
  });
});

describe('canaries', () => {
  test('that end well let the rest follow', async () => {
    const { mq, heal, done } = await died(many(30));
    heal(isAnything);
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

  test('that die again keep the rest where it is', async () => {
    const { mq, heal, done } = await died(many(30));
    // The second of them is still not well.
    let runs = 0;
    heal(() => (runs += 1) !== 2);
    const result = await mq.deadLetters('/job').replay({ canary: 3 });
    expect(result).toMatchObject({ matched: 3, replayed: 3, canary: 'failed' });
    await eventually(() => done.length === 2);
    expect(await mq.deadLetters('/job').count()).toBe(28);
  });

  test('that do not end in time count as failed, and a retry that ends well as passed', async () => {
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

  test('more of them than there are dead letters are all there is', async () => {
    const { mq, heal } = await died(many(2));
    heal(isAnything);
    expect(await mq.deadLetters('/job').replay({ canary: 10 })).toMatchObject({
      ...{ matched: 2, replayed: 2, canary: 'passed' },
    });
    expect(await mq.deadLetters('/job').replay({ canary: 10 })).toMatchObject({
      ...{ matched: 0, replayed: 0, canary: undefined },
    });
  });

  test('can be waited for no longer', async () => {
    const { mq, heal } = await died(many(3));
    heal(isAnything);
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

describe('discarding and moving', () => {
  test('discarding by filter drops what matches for good', async () => {
    const { mq } = await died([...many(110, 'range'), ...many(5, 'type')]);
    const letters = mq.deadLetters('/job');
    expect(await letters.discard({ errorName: 'RangeError' })).toMatchObject({
      ...{ matched: 110, done: 110, stopped: false },
    });
    expect(await letters.count()).toBe(5);
  });

  test('moving publishes to another queue, to all of its groups, once however often', async () => {
    const { mq } = await died(many(4));
    const got: Record<string, unknown[]> = { one: [], two: [] };
    for (const group of ['one', 'two']) {
      await broker.consume<Job>(
        '/repair',
        ({ data, headers, attempt, replays }) =>
          void got[group]?.push([data.n, headers.tenant, attempt, replays]),
        { group },
      );
    }
    const letters = mq.deadLetters('/job');
    const [first] = await letters.list();
    const id = first?.id ?? '';
    expect(await letters.moveTo('/repair', id)).toEqual([id]);
    expect(await letters.moveTo('/repair', [id])).toEqual([]);
    expect(await letters.moveTo('/repair/', { reason: 'rejected' })).toMatchObject({
      ...{ matched: 3, done: 3 },
    });
    expect(await letters.count()).toBe(0);
    for (const group of ['one', 'two']) {
      await eventually(() => got[group]?.length === 4);
      expect(got[group]?.toSorted()).toEqual([0, 1, 2, 3].map((n) => [n, `t${n}`, 1, 0]));
    }
    // A new queue is known, and a group of it can come later.
    const again = await mq.publish('/job', { n: 9, fails: 'reject' });
    await nextEvent(mq.events, 'deadLettered');
    await letters.moveTo('/parked', {});
    expect((await mq.queues()).map(({ path }) => path)).toContain('parked');
    expect(await mq.queue('/parked').info()).toMatchObject({ messages: 1 });
    expect(again.outcome).toBe('published');
  });

  test('a time to live begins anew, and a full queue refuses', async () => {
    const mq = broker.mq({ group: 'g' });
    await mq.publish('/job', 'short', { ttlMs: 60_000, messageId: 'mine' });
    await mq.receive('/job').then(([delivery]) => delivery?.deadLetter());
    await mq.publish('/parked', 1);
    await mq.queue('/parked').configure({ maxLength: 1 });
    await expect(mq.deadLetters('/job').moveTo('/parked', {})).rejects.toMatchObject({
      code: 'ROUTE_FULL',
    });
    expect(await mq.deadLetters('/job').count()).toBe(1);
    await mq.queue('/parked').configure({ maxLength: 2 });
    await mq.deadLetters('/job').moveTo('/parked', {});
    const parked = await mq.receive('/parked', { count: 2 });
    expect(parked[1]).toMatchObject({ id: 'mine', data: 'short' });
    const { expiresAt = 0, publishedAt = 0 } = parked[1] ?? {};
    expect(expiresAt - publishedAt).toBeGreaterThanOrEqual(60_000);
    expect(expiresAt - publishedAt).toBeLessThan(60_100);
  });

  test('a wrong id or path is refused', async () => {
    const letters = broker.mq().deadLetters('/job', 'g');
    await expect(letters.moveTo('/b', 'x')).rejects.toMatchObject({ code: 'ID_INVALID' });
    await expect(letters.moveTo('', '1-1')).rejects.toMatchObject({ code: 'PATH_INVALID' });
    expect(() => broker.mq().deadLetters('/job', 'a:b')).toThrow(/"group"/);
  });
});

describe('limits of dead letters', () => {
  test('by count: the oldest go, and each one is an event', async () => {
    const { mq } = await died(many(30));
    const letters = mq.deadLetters('/job');
    const [oldest] = await letters.list<Job>();
    const dropped: LeanMQEvents['deadLetterDropped'][0][] = [];
    mq.events.on('deadLetterDropped', (event) => dropped.push(event));
    await mq.queue('/job').configure({ deadLetters: { maxCount: 10 } });
    await eventually(() => dropped.length === 20);
    expect(await letters.count()).toBe(10);
    expect(dropped[0]).toEqual({
      path: 'job',
      group: 'g',
      id: oldest?.id,
      messageId: oldest?.messageId,
      reason: 'rejected',
      because: 'count',
    });
    expect(await letters.get(oldest?.id ?? '')).toBeUndefined();
  });

  test('by age: only what is older goes, also of a group that was removed', async () => {
    const { mq } = await died(many(3));
    await mq.close();
    const operator = broker.mq();
    const old = { origin: '1-1', attempts: 1, crashes: 0, reason: 'poison' };
    const key = broker.key('job', 'dead:gone');
    for (let n = 0; n < 150; n += 1) {
      await broker.redis.xadd(key, `1-${n + 1}`, 'm', JSON.stringify(old), 'd', '1');
    }
    await operator.queue('/job').declareGroup('gone');
    await operator.queue('/job').removeGroup('gone');
    await operator.queue('/job').configure({ deadLetters: { maxAgeMs: 60_000 } });
    const dropped: LeanMQEvents['deadLetterDropped'][0][] = [];
    operator.events.on('deadLetterDropped', (event) => dropped.push(event));
    await operator.queue('/job').sweep();
    expect(dropped).toHaveLength(150);
    expect(dropped.every(({ because, reason }) => because === 'age' && reason === 'poison')).toBe(
      true,
    );
    expect(await operator.deadLetters('/job', 'g').count()).toBe(3);
  });

  test('are kept all where nothing is configured', async () => {
    const { mq } = await died(many(5));
    await mq.queue('/job').sweep();
    expect(await mq.deadLetters('/job').count()).toBe(5);
  });
});
