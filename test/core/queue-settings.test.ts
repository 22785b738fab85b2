import { describe, expect, test } from '@jest/globals';
import { RouteFullError, type LeanMQ, type QueueSettings } from '@leanmq/core';

import { useBroker } from '../support/broker.js';
import { eventually } from '../support/eventually.js';

const broker = useBroker();

const lengthOf = (path: string): Promise<number> => broker.redis.xlen(broker.key(path, 'log'));

/** Publishes until a publish is refused; returns how many were accepted. */
async function fill(mq: LeanMQ, path: string): Promise<number> {
  for (let count = 0; ; count += 1) {
    try {
      await mq.publish(path, count);
    } catch (error) {
      expect(error).toBeInstanceOf(RouteFullError);
      return count;
    }
  }
}

describe('settings of a queue', () => {
  test('are changed one by one, and return to their defaults with null', async () => {
    const mq = broker.mq();
    const queue = mq.queue('/a');
    await mq.publish('/a', 1);
    await queue.configure({ maxLength: 5 });
    await queue.configure({ retention: { ageMs: 60_000 }, deadLetters: { maxCount: 3 } });
    expect((await queue.info()).settings).toEqual({
      maxLength: 5,
      retention: { ageMs: 60_000 },
      deadLetters: { maxCount: 3 },
    });
    await queue.configure({ maxLength: null });
    await queue.configure({});
    expect((await queue.info()).settings).toEqual({
      retention: { ageMs: 60_000 },
      deadLetters: { maxCount: 3 },
    });
  });

  test('that are invalid are refused, and nothing changes', async () => {
    const mq = broker.mq();
    await mq.publish('/a', 1);
    const wrong: unknown[] = [
      { maxLength: 0 },
      { maxLength: -1 },
      { maxLength: 1.5 },
      { maxLength: '5' },
      { retention: 5 },
      { retention: {} },
      { retention: { count: 1, ageMs: 1 } },
      { retention: { count: -1 } },
      { retention: { days: 1 } },
      { deadLetters: {} },
      { deadLetters: { maxAgeMs: 0 } },
      { deadLetters: { maxCount: -1 } },
      { deadLetters: { maxcount: 1 } },
      { maxlength: 5 },
      [],
      null,
    ];
    for (const settings of wrong) {
      await expect(mq.queue('/a').configure(settings as QueueSettings)).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
      });
    }
    expect((await mq.queue('/a').info()).settings).toEqual({});
  });

  test('such as retention are honoured by whichever process trims', async () => {
    let done = 0;
    const mq = await broker.consume('/a', () => void (done += 1), { retention: { count: 5_000 } });
    for (let n = 0; n < 1_000; n += 1) void mq.publish('/a', n);
    await eventually(() => done === 1_000);
    expect(await lengthOf('a')).toBe(1_000);
    await broker
      .mq()
      .queue('/a')
      .configure({ retention: { count: 100 } });
    await eventually(async () => (await lengthOf('a')) <= 200);
    expect(await lengthOf('a')).toBeGreaterThanOrEqual(100);
  });
});

describe('a queue with maxLength', () => {
  test('refuses every process a publish beyond it, drops nothing, and accepts again when there is room', async () => {
    const mq = broker.mq({ group: 'g' });
    const queue = mq.queue('/a');
    await queue.declareGroup('g');
    await queue.configure({ maxLength: 10 });
    const other = broker.mq();
    await other.connect();
    expect(await fill(mq, '/a')).toBe(10);
    const failure = other.publish('/a', 'too much');
    await expect(failure).rejects.toMatchObject({ code: 'ROUTE_FULL', retryable: true });
    await expect(failure).rejects.toThrow(/"\/a\/" already has 10 unfinished messages/);
    expect(await lengthOf('a')).toBe(10);

    // Deliveries in flight are unfinished, and so are retries and released messages.
    const held = await mq.receive('/a', { count: 3 });
    expect(await fill(mq, '/a')).toBe(0);
    await held[0]?.retry({ afterMs: 60_000 });
    await held[1]?.release();
    expect(await fill(mq, '/a')).toBe(0);
    await held[2]?.ack();
    expect(await fill(mq, '/a')).toBe(1);
    expect(await mq.publish('/b', 'others are not full')).toMatchObject({ outcome: 'published' });
    await queue.configure({ maxLength: null });
    await mq.publish('/a', 'no limit');
  });

  test('counts delayed messages too, but not duplicates', async () => {
    const mq = broker.mq();
    await mq.publish('/a', 1, { messageId: 'mine' });
    await mq.queue('/a').configure({ maxLength: 3 });
    await mq.publish('/a', 2, { delayMs: 60_000 });
    await mq.publish('/a', 3, { delayMs: 60_000 });
    await expect(mq.publish('/a', 4)).rejects.toBeInstanceOf(RouteFullError);
    await expect(mq.publish('/a', 4, { delayMs: 1 })).rejects.toBeInstanceOf(RouteFullError);
    expect(await mq.publish('/a', 1, { messageId: 'mine' })).toMatchObject({
      outcome: 'duplicate',
    });
  });

  test('refuses a transaction as a whole when it is full', async () => {
    const mq = broker.mq();
    await mq.publish('/full', 1);
    await mq.queue('/full').configure({ maxLength: 2 });
    const failure = mq.transaction((tx) => {
      tx.send('/free', 1);
      tx.send('/full', 2);
      tx.send('/full', 3);
    });
    await expect(failure).rejects.toMatchObject({ code: 'ROUTE_FULL' });
    await expect(failure).rejects.toThrow(/"\/full\/"/);
    expect(await lengthOf('free')).toBe(0);
    expect(await lengthOf('full')).toBe(1);
    await mq.transaction((tx) => {
      tx.send('/free', 1);
      tx.send('/full', 2);
    });
    expect(await lengthOf('full')).toBe(2);
  });

  test('accepts exactly as many of many simultaneous publishes as it has room for', async () => {
    const mq = broker.mq();
    await mq.publish('/a', 0);
    await mq.queue('/a').configure({ maxLength: 20 });
    const results = await mq.publishMany(
      '/a',
      Array.from({ length: 50 }, (_, data) => ({ data })),
    );
    expect(results.filter(({ outcome }) => outcome === 'published')).toHaveLength(19);
    expect(await lengthOf('a')).toBe(20);
  });

  test('refuses sends beyond it that were buffered before there was a connection', async () => {
    const queue = broker.mq().queue('/a');
    await queue.declareGroup('g');
    await queue.configure({ maxLength: 5 });
    const results = await broker.mq({ connect: 'wait' }).publishMany(
      '/a',
      Array.from({ length: 50 }, (_, data) => ({ data })),
    );
    expect(await lengthOf('a')).toBe(5);
    expect(results.filter(({ outcome }) => outcome === 'published')).toHaveLength(5);
    for (const result of results.slice(5)) {
      expect(result).toMatchObject({ outcome: 'failed', error: expect.any(RouteFullError) });
    }
  });

  test('counts what the slowest group has left, even one that started in the middle of the log', async () => {
    const mq = broker.mq({ group: 'fast' });
    const queue = mq.queue('/a');
    await queue.declareGroup('fast');
    const ids: string[] = [];
    for (let n = 0; n < 6; n += 1) ids.push((await mq.publish('/a', n)).id);
    for (const delivery of await mq.receive('/a', { count: 6 })) await delivery.ack();
    const at = Number.parseInt(ids[3] ?? '', 10);
    await queue.declareGroup('middle', { startFrom: { at } });
    const behind = ids.filter((id) => Number.parseInt(id, 10) >= at).length;
    await queue.configure({ maxLength: 10 });
    expect(await fill(mq, '/a')).toBe(10 - behind);
  });

  test('counts for itself where Redis lost count after a deletion', async () => {
    const mq = broker.mq({ group: 'g' });
    const queue = mq.queue('/a');
    await queue.declareGroup('g');
    const ids: string[] = [];
    for (let n = 0; n < 320; n += 1) ids.push((await mq.publish('/a', n)).id);
    for (const delivery of await mq.receive('/a', { count: 150 })) await delivery.ack();
    for (const id of ids.slice(200, 220)) await broker.redis.xdel(broker.key('a', 'log'), id);
    expect((await queue.groups())[0]).toMatchObject({ lag: undefined, waiting: 150 });
    await queue.configure({ maxLength: 160 });
    expect(await fill(mq, '/a')).toBe(10);
    for (const delivery of await mq.receive('/a', { count: 5 })) await delivery.ack();
    expect(await fill(mq, '/a')).toBe(5);
  });

  test('lets a publish read no backlog where Redis lost count, however large the backlog is', async () => {
    const mq = broker.mq({ group: 'g' });
    const queue = mq.queue('/a');
    await queue.declareGroup('g');
    await queue.configure({ maxLength: 2_000 });
    await mq.publishMany(
      '/a',
      Array.from({ length: 300 }, (_, data) => ({ data })),
    );
    for (const delivery of await mq.receive('/a', { count: 300 })) await delivery.ack();
    const body = 'x'.repeat(2_000);
    const items = Array.from({ length: 1_900 }, () => ({ data: body }));
    const sent = await mq.publishMany('/a', items);
    await broker.redis.xdel(broker.key('a', 'log'), (sent[1_000] as { id: string }).id);
    expect((await queue.groups())[0]).toMatchObject({ lag: undefined });

    const reads = async (publish: () => Promise<unknown>): Promise<number> => {
      const before = await xrangeCalls();
      await publish();
      return (await xrangeCalls()) - before;
    };
    // The count noted while Redis still knew it is enough.
    expect(await reads(() => mq.publish('/a', 'noted'))).toBe(0);
    await broker.redis.del(broker.key('a', 'unread:g'));
    // Some publishes continue the count, a little each, until it is complete: 4 MB in steps of 128 KiB.
    for (let n = 0; n < 40; n += 1) {
      expect(await reads(() => mq.publish('/a', n))).toBeLessThan(12);
    }
    expect(await reads(() => mq.publish('/a', 'counted'))).toBe(0);
    expect(await fill(mq, '/a')).toBe(2_000 - 1_899 - 42);
    expect(await reads(() => mq.publish('/a', 'full').catch(() => undefined))).toBe(0);
  });

  /** Returns how often scripts have read part of a log. */
  async function xrangeCalls(): Promise<number> {
    const stats = await broker.redis.info('commandstats');
    return Number(/cmdstat_xrange:calls=(\d+)/.exec(stats)?.[1] ?? 0);
  }
});
