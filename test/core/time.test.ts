import { describe, expect, test } from '@jest/globals';
import type { LeanMQEvents } from '@leanmq/core';

import { useBroker } from '../support/broker.js';
import { eventually, nextEvent } from '../support/eventually.js';

const broker = useBroker();

describe('a delayed message', () => {
  test('is delivered when it is due, at most 250 ms late', async () => {
    const late: number[] = [];
    const mq = await broker.consume<number>('/later', ({ data }) => {
      late.push(performance.now() - data);
    });
    const sent = await Promise.all(
      [30, 120, 300, 300].map((delayMs) =>
        mq.publish('/later', performance.now() + delayMs, { delayMs }),
      ),
    );
    expect(sent.every(({ outcome }) => outcome === 'scheduled')).toBe(true);
    await eventually(() => late.length === 4);
    for (const ms of late) {
      expect(ms).toBeGreaterThanOrEqual(-1);
      expect(ms).toBeLessThan(250);
    }
  });

  test('is moved by another process if its own did not live to move it', async () => {
    const gone = broker.mq({ group: 'gone' });
    await gone.publish('/later', 'x', { delayMs: 300 });
    await gone.close();
    const got: unknown[] = [];
    const mq = await broker.consume('/later', ({ data, id }) => void got.push([data, id]));
    await nextEvent(mq.events, 'acked');
    expect(got).toHaveLength(1);
  });

  test('that cannot be appended is set aside and does not hold up the others', async () => {
    const mq = broker.mq({ group: 'g' });
    await broker.redis.zadd(broker.key('later', 'schedule'), 1, 'send:broken');
    await broker.redis.hset(broker.key('later', 'scheduled'), 'send:broken', 'not packed by us');
    const warned = nextEvent(mq.events, 'warning');
    const acked = nextEvent(mq.events, 'acked');
    await mq.consume('/later', () => undefined);
    await mq.publish('/later', 1, { delayMs: 20 });
    await acked;
    await warned;
    expect(await broker.redis.zcard(broker.key('later', 'schedule'))).toBe(1);
    expect(await broker.redis.hexists(broker.key('later', 'scheduled'), 'send:broken')).toBe(1);
  });

  test('is moved once when many are due together, even around one that cannot be moved', async () => {
    const mq = broker.mq();
    const ids = Array.from({ length: 60 }, (_, at) => `m${String(at).padStart(2, '0')}`);
    await Promise.all(
      ids.map((messageId) => mq.publish('/later', messageId, { messageId, delayMs: 60_000 })),
    );
    const [schedule, scheduled] = [
      broker.key('later', 'schedule'),
      broker.key('later', 'scheduled'),
    ];
    await broker.redis.hset(scheduled, 'send:m30', 'not packed by us');
    for (const id of ids) await broker.redis.zadd(schedule, 1, `send:${id}`);
    await mq.queue('/later').sweep();
    const entries = await broker.redis.xrange(broker.key('later', 'log'), '-', '+');
    const moved = entries.map(([, fields]) => fields[fields.indexOf('i') + 1]);
    expect(moved).toEqual(ids.filter((id) => id !== 'm30'));
    expect(await broker.redis.zrange(schedule, '0', '-1')).toEqual(['send:m30']);
    expect(await broker.redis.hkeys(scheduled)).toEqual(['send:m30']);
  });
});

describe('an expired message', () => {
  test('never reaches a handler', async () => {
    const mq = broker.mq({ group: 'g' });
    await mq.publish('/short', 'expires', { ttlMs: 1 });
    await mq.publish('/short', 'stays', { ttlMs: 60_000 });
    const got: unknown[] = [];
    await eventually(async () => (await broker.redis.time()).length === 2);
    const acked = nextEvent(mq.events, 'acked');
    await mq.consume('/short', ({ data }) => void got.push(data));
    await acked;
    expect(got).toEqual(['stays']);
  });

  test('is freed without a reader, and only waiting messages are removed', async () => {
    await broker.redis.xgroup('CREATE', broker.key('short', 'log'), 'g', '0', 'MKSTREAM');
    const mq = broker.mq();
    for (let n = 0; n < 20; n += 1) void mq.publish('/short', n, { ttlMs: 50 });
    await eventually(async () => (await broker.redis.zcard(broker.key('short', 'expiry'))) === 20);
    await eventually(async () => (await broker.redis.xlen(broker.key('short', 'log'))) === 0);
    expect(await broker.redis.zcard(broker.key('short', 'expiry'))).toBe(0);
  });

  test('is freed on a queue without groups too, and the others are kept', async () => {
    const mq = broker.mq();
    await mq.publish('/short', 'stays');
    await Promise.all([1, 2, 3].map((n) => mq.publish('/short', n, { ttlMs: 50 })));
    await eventually(async () => (await broker.redis.zcard(broker.key('short', 'expiry'))) === 0);
    const left = await broker.redis.xrange(broker.key('short', 'log'), '-', '+');
    expect(left.map(([, fields]) => fields)).toEqual([['d', '"stays"']]);
  });

  test('is freed without a reader even after a release', async () => {
    const mq = broker.mq({ group: 'g' });
    await mq.publish('/short', 'x', { ttlMs: 300 });
    const [delivery] = await mq.receive('/short');
    await delivery?.release();
    const inbox = broker.key('short', 'inbox:g');
    expect(await broker.redis.xlen(inbox)).toBe(1);
    await eventually(async () => (await broker.redis.xlen(inbox)) === 0);
  });

  test('can become a dead letter for a group', async () => {
    const mq = broker.mq({ group: 'g', handlers: { onExpired: 'dead-letter' } });
    await mq.publish('/short', 'x', { ttlMs: 1 });
    const dead = nextEvent<LeanMQEvents['deadLettered'][0]>(mq.events, 'deadLettered', {
      timeoutMs: 1_000,
    }).catch(() => undefined);
    await mq.consume('/short', () => undefined);
    await dead;
    // Its consumer or a sweep finds it, whichever comes first.
    await eventually(async () => {
      const [letter] = await mq.deadLetters('/short').list();
      return letter?.reason === 'expired' && letter.data === 'x';
    });
  });
});

describe("a message with a caller's id", () => {
  test('is a duplicate with the same data within its window, and published again after it', async () => {
    const mq = broker.mq();
    const options = { messageId: 'order-1', dedupeMs: 150 };
    expect(await mq.publish('/a', { n: 1 }, options)).toEqual({
      id: 'order-1',
      outcome: 'published',
    });
    expect(await mq.publish('/a', { n: 1 }, options)).toEqual({
      id: 'order-1',
      outcome: 'duplicate',
    });
    await expect(mq.publish('/a', { n: 2 }, options)).rejects.toMatchObject({
      code: 'MESSAGE_ID_CONFLICT',
    });
    await eventually(
      async () => (await broker.redis.exists(broker.key('a', 'sent:order-1'))) === 0,
    );
    expect(await mq.publish('/a', { n: 2 }, options)).toMatchObject({ outcome: 'published' });
    expect(await broker.redis.xlen(broker.key('a', 'log'))).toBe(2);
  });

  test('reaches its handler with that id', async () => {
    const ids: string[] = [];
    const mq = await broker.consume('/a', ({ id }) => void ids.push(id));
    const acked = nextEvent(mq.events, 'acked');
    await mq.publish('/a', 1, { messageId: 'Bestellung #1 🙂 {x}' });
    await acked;
    expect(ids).toEqual(['Bestellung #1 🙂 {x}']);
  });
});
