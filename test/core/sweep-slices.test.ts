import { describe, expect, test } from '@jest/globals';

import { useBroker } from '../support/broker.js';
import { eventually } from '../support/eventually.js';

const broker = useBroker();
const key = (what: string): string => broker.key('a', what);
const LARGE = 'x'.repeat(200_000);

describe('a sweep does large work in slices, completely and in order:', () => {
  test('promotion, in which no queue keeps another waiting', async () => {
    const mq = broker.mq({ group: 'g' });
    const deliverAt = Date.now() + 5_000;
    for (const path of ['/a', '/b']) {
      await mq.publishMany(
        path,
        Array.from({ length: 30 }, (_, n) => ({ data: { n, LARGE }, options: { deliverAt } })),
      );
    }
    const seen: Record<string, number[]> = { '/a': [], '/b': [] };
    const consumer = broker.mq({ group: 'g' });
    for (const path of ['/a', '/b']) {
      consumer.handle<{ n: number }>(path, ({ data }) => void seen[path]?.push(data.n), {
        concurrency: 1,
      });
    }
    await consumer.start();
    await eventually(() => seen['/a']?.length === 30 && seen['/b']?.length === 30, {
      timeoutMs: 20_000,
    });
    const all = Array.from({ length: 30 }, (_, n) => n);
    expect(seen).toEqual({ '/a': all, '/b': all });
  });

  test('expiry, with a copy for each of the groups that keep it', async () => {
    const mq = broker.mq({ sweepMs: 600_000 });
    const groups = Array.from({ length: 6 }, (_, n) => `g${n}`);
    for (const group of groups) {
      await mq.queue('/a').declareGroup(group, { onExpired: 'dead-letter' });
    }
    for (let n = 0; n < 15; n += 1) await mq.publish('/a', { n, LARGE }, { ttlMs: 1 });
    expect(await mq.queue('/a').sweep()).toMatchObject({ expired: 15 });
    for (const group of groups) {
      expect(await mq.deadLetters('/a', group).count()).toBe(15);
    }
    expect(await broker.redis.zcard(key('expiry'))).toBe(0);
  });

  test('expiry beside more in-flight entries than it looks at, none of which is touched', async () => {
    const mq = broker.mq({ group: 'g', sweepMs: 600_000 });
    const groups = Array.from({ length: 40 }, (_, n) => `g${n}`);
    for (const group of groups) await mq.queue('/a').declareGroup(group);
    const sent = await mq.publishMany(
      '/a',
      Array.from({ length: 300 }, (_, n) => ({ data: n, options: { ttlMs: 1 } })),
    );
    const first = sent.slice(0, 250).map((result) => ('id' in result ? result.id : ''));
    for (const [index, group] of groups.entries()) {
      await broker.redis.xreadgroup('GROUP', group, 'c', 'COUNT', 250, 'STREAMS', key('log'), '>');
      // Each group has some in flight; together they hold every third message.
      const done = first.filter((_, n) => n % 3 !== 0 || n % 40 !== index);
      await broker.redis.xack(key('log'), group, ...done);
    }
    expect(await mq.queue('/a').sweep()).toMatchObject({ expired: 50 });
    expect(await broker.redis.xlen(key('log'))).toBe(250);
    expect(await broker.redis.zcard(key('expiry'))).toBe(0);
  });

  test('dead letters beyond their limits', async () => {
    const mq = broker.mq({ group: 'g' });
    await mq.queue('/a').declareGroup('g');
    await mq.queue('/a').configure({ deadLetters: { maxCount: 3 } });
    const dropped: string[] = [];
    mq.events.on('deadLetterDropped', ({ id }) => dropped.push(id));
    const ids: string[] = [];
    for (let n = 0; n < 30; n += 1) {
      const history = '{"origin":"1-0","attempts":1,"crashes":0,"reason":"failed"}';
      ids.push(String(await broker.redis.xadd(key('dead:g'), '*', 'm', history, 'd', LARGE)));
    }
    await mq.publish('/a', 1);
    await eventually(() => dropped.length === 27);
    expect(dropped).toEqual(ids.slice(0, 27));
  });

  test('messages that were purged unread', async () => {
    const mq = broker.mq({ group: 'g', sweepMs: 600_000 });
    await mq.queue('/a').declareGroup('g');
    for (let n = 0; n < 20; n += 1) await mq.publish('/a', { n, LARGE });
    expect(await mq.queue('/a').purge({ allGroups: true })).toBe(20);
    expect(await broker.redis.xlen(key('log'))).toBe(0);
  });
});
