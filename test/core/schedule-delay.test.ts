import { afterEach, describe, expect, jest, test } from '@jest/globals';
import type { LeanMQEvents } from '@leanmq/core';

import { useBroker } from '../support/broker.js';
import { eventually, nextEvent } from '../support/eventually.js';
import { serverNow } from '../support/recurring.js';

const broker = useBroker();
afterEach(() => {
  jest.restoreAllMocks();
});

const dueOf = async (path: string, id: string): Promise<number> =>
  Number(await broker.redis.zscore(broker.key(path, 'schedule'), `send:${id}`));

describe('a message with deliverAt', () => {
  test.each([
    ['epoch ms', (at: number) => at],
    ['a Date', (at: number) => new Date(at)],
  ])("is delivered then by the server's clock, not before: %s", async (_, form) => {
    const at = (await serverNow(broker.redis)) + 400;
    const got = new Promise<number>((resolve) => {
      void broker.consume('/then', async () => resolve(await serverNow(broker.redis)));
    });
    const { outcome } = await broker.mq().publish('/then', 'x', { deliverAt: form(at) });
    expect(outcome).toBe('scheduled');
    const late = (await got) - at;
    expect(late).toBeGreaterThanOrEqual(0);
    expect(late).toBeLessThan(250);
  });

  test("keeps its instant, however wrong the publisher's clock is", async () => {
    const mq = broker.mq();
    await mq.connect();
    jest.spyOn(Date, 'now').mockReturnValue(5_000_000_000_000);
    const { id, outcome } = await mq.publish('/then', 'x', { deliverAt: 4_000_000_000_000 });
    expect(outcome).toBe('scheduled');
    expect(await dueOf('then', id)).toBe(4_000_000_000_000);
  });

  test('is delivered now if its instant has passed', async () => {
    const mq = broker.mq();
    const past = (await serverNow(broker.redis)) - 1_000;
    const result = await mq.publish('/then', 'x', { deliverAt: past, ttlMs: 60_000 });
    expect(result.outcome).toBe('published');
    expect(await broker.redis.zcard(broker.key('then', 'schedule'))).toBe(0);
    const [[, fields]] = (await broker.redis.xrange(broker.key('then', 'log'), '-', '+')) as [
      [string, string[]],
    ];
    const expiresAt = Number(fields[fields.indexOf('x') + 1]);
    expect(expiresAt).toBeGreaterThan(past + 60_500);
  });

  test('can share a transaction with immediate and delayed sends', async () => {
    const at = (await serverNow(broker.redis)) + 3_600_000;
    const results = await broker.mq().transaction((tx) => {
      tx.send('/a', 1);
      tx.send('/a', 2, { deliverAt: at, messageId: 'then' });
      tx.send('/a', 3, { delayMs: 60_000 });
    });
    expect(results.map(({ outcome }) => outcome)).toEqual(['published', 'scheduled', 'scheduled']);
    expect(await dueOf('a', 'then')).toBe(at);
    expect(await broker.redis.xlen(broker.key('a', 'log'))).toBe(1);
  });

  test.each([
    [{ deliverAt: 1, delayMs: 1 }, /"deliverAt" is 1; allowed: only without "delayMs"/],
    [
      { deliverAt: new Date('never') },
      /"deliverAt" is an object \(Date\); allowed: a Date or epoch/,
    ],
    [{ deliverAt: Number.NaN }, /"deliverAt" is NaN/],
    [{ deliverAt: -1 }, /"deliverAt" is -1/],
    [{ deliverAt: 1e18 }, /"deliverAt" is 1000000000000000000/],
    [{ deliverAt: '2026-01-01' as unknown as Date }, /"deliverAt" is "2026-01-01"/],
    [{ delayMs: -1 }, /"delayMs" is -1/],
  ])('is refused with the options %j', async (options, message) => {
    await expect(broker.mq().publish('/then', 1, options)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(message) as unknown,
    });
  });
});

describe('cancel()', () => {
  const nothingLeft = async (): Promise<void> => {
    const keys = await broker.redis.keys(broker.key('later', '*'));
    expect(keys.filter((key) => /:(schedule|scheduled|sent:.*)$/.test(key))).toEqual([]);
  };

  test('keeps a delayed send from ever being delivered, and says so once', async () => {
    const mq = broker.mq();
    const cancelled = nextEvent<LeanMQEvents['cancelled'][0]>(mq.events, 'cancelled');
    const { id } = await mq.publish('/later', 'x', { delayMs: 60_000 });
    expect(await mq.cancel('/later/', id)).toBe('cancelled');
    expect(await cancelled).toEqual({ path: 'later', id });
    expect(await mq.cancel('/later/', id)).toBe('not-found');
    await nothingLeft();
  });

  test("works from another process with the caller's id, which may then be sent again", async () => {
    const mq = broker.mq();
    await mq.publish('/later', { n: 1 }, { delayMs: 60_000, messageId: 'order-1' });
    expect(await broker.mq().cancel('/later', 'order-1')).toBe('cancelled');
    await nothingLeft();
    const again = await mq.publish('/later', { n: 2 }, { messageId: 'order-1' });
    expect(again).toEqual({ id: 'order-1', outcome: 'published' });
  });

  test('does not find what was moved, never sent or sent at once, and leaves it alone', async () => {
    const mq = broker.mq();
    const promoted = nextEvent(mq.events, 'promoted');
    await mq.publish('/later', 'moved', { delayMs: 20, messageId: 'moved' });
    await mq.publish('/later', 'at once', { messageId: 'at-once' });
    await promoted;
    for (const id of ['moved', 'at-once', 'never']) {
      expect(await mq.cancel('/later', id)).toBe('not-found');
    }
    expect(await broker.redis.xlen(broker.key('later', 'log'))).toBe(2);
    for (const id of ['moved', 'at-once']) {
      expect(await mq.publish('/later', id.replace('-', ' '), { messageId: id })).toEqual({
        id,
        outcome: 'duplicate',
      });
    }
  });

  test('leaves the mark of a later send with the same id alone', async () => {
    const mq = broker.mq();
    await mq.publish('/later', 1, { delayMs: 60_000, messageId: 'a' });
    await broker.redis.del(broker.key('later', 'sent:a'));
    await mq.publish('/later', 2, { messageId: 'a' });
    expect(await mq.cancel('/later', 'a')).toBe('cancelled');
    expect(await mq.publish('/later', 2, { messageId: 'a' })).toMatchObject({
      outcome: 'duplicate',
    });
  });

  test('does not find a waiting retry, which is not a delayed send', async () => {
    const mq = broker.mq({ group: 'g', handlers: { backoff: { type: 'fixed', delayMs: 60_000 } } });
    const retried = nextEvent<LeanMQEvents['retried'][0]>(mq.events, 'retried');
    await mq.consume('/later', () => Promise.reject(new Error('fails')));
    await mq.publish('/later', 1);
    expect(await mq.cancel('/later', (await retried).id)).toBe('not-found');
  });

  test('while thousands become due leaves each one either delivered or cancelled, never both or neither', async () => {
    const mq = broker.mq();
    const total = 2_000;
    const at = (await serverNow(broker.redis)) + 300;
    const ids = Array.from({ length: total }, (_, n) => `m${n}`);
    await Promise.all(ids.map((id) => mq.publish('/later', id, { deliverAt: at, messageId: id })));
    await eventually(async () => (await serverNow(broker.redis)) >= at, { everyMs: 1 });
    const outcomes = await Promise.all(ids.map((id) => mq.cancel('/later', id)));
    await eventually(async () => (await broker.redis.zcard(broker.key('later', 'schedule'))) === 0);
    const entries = await broker.redis.xrange(broker.key('later', 'log'), '-', '+');
    const delivered = new Set(entries.map(([, [, data]]) => JSON.parse(data ?? '') as string));
    expect(entries).toHaveLength(delivered.size);
    for (const [index, id] of ids.entries()) {
      expect([id, delivered.has(id)]).toEqual([id, outcomes[index] === 'not-found']);
    }
  });

  test.each([
    ['', 'a', 'PATH_INVALID'],
    ['/later', '', 'CONFIG_INVALID'],
    ['/later', 'a\nb', 'CONFIG_INVALID'],
    ['/later', 7 as unknown as string, 'CONFIG_INVALID'],
  ])('refuses path %j and id %j', async (path, id, code) => {
    await expect(broker.mq().cancel(path, id)).rejects.toMatchObject({ code });
  });
});

test('a queue whose schedule has the wrong type does not hold up the others, and is reported', async () => {
  const mq = broker.mq();
  const fault = nextEvent<LeanMQEvents['fault'][0]>(mq.events, 'fault');
  const promoted = nextEvent<LeanMQEvents['promoted'][0]>(mq.events, 'promoted');
  await broker.redis.set(broker.key('bad', 'schedule'), 'a text');
  // A sweep starts with the route that was registered first.
  await mq.publish('/bad', 1);
  await mq.publish('/good', 2, { delayMs: 300 });
  expect((await fault).error).toMatchObject({
    code: 'KEY_TYPE',
    message: expect.stringMatching(/"\/bad\/" .*WRONGTYPE/) as unknown,
  });
  expect(await promoted).toEqual({ path: 'good', count: 1 });
});

test('on an idle system, delays over three seconds are kept to 250 ms (p99)', async () => {
  const mq = broker.mq();
  const late: number[] = [];
  await broker.consume<number>('/steady', async ({ data: at }) => {
    late.push((await serverNow(broker.redis)) - at);
  });
  const from = (await serverNow(broker.redis)) + 200;
  await Promise.all(
    Array.from({ length: 200 }, (_, n) => {
      const at = from + n * 15;
      return mq.publish('/steady', at, { deliverAt: at });
    }),
  );
  await eventually(() => late.length === 200, { timeoutMs: 10_000 });
  late.sort((a, b) => a - b);
  expect(late[0]).toBeGreaterThanOrEqual(0);
  expect(late[197]).toBeLessThan(250);
});
