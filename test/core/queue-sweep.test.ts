import { describe, expect, test } from '@jest/globals';

import { useBroker } from '../support/broker.js';
import { eventually } from '../support/eventually.js';

const broker = useBroker();

/** Settings under which nothing is swept by itself. */
const BY_HAND = { sweepMs: 600_000 };

describe('a manual sweep', () => {
  test('promotes what is due, ends what has expired, trims what is finished, and returns the counts', async () => {
    const mq = broker.mq({ ...BY_HAND, group: 'g', retention: { count: 0 } });
    const queue = mq.queue('/a');
    await queue.declareGroup('g');
    // More than one call can handle.
    for (let n = 0; n < 450; n += 1) void mq.publish('/a', n, { ttlMs: 1 });
    for (let n = 0; n < 300; n += 1) void mq.publish('/a', n);
    await eventually(async () => (await queue.info()).messages === 750);
    expect(await queue.sweep()).toEqual({ promoted: 0, expired: 450, trimmed: 0 });
    const rest = await mq.receive('/a', { count: 400 });
    expect(rest).toHaveLength(300);
    for (const delivery of rest) void delivery.ack();
    await eventually(async () => (await queue.groups())[0]?.inFlight === 0);
    expect((await queue.sweep()).trimmed).toBeGreaterThan(200);
    for (let n = 0; n < 250; n += 1) {
      await broker.redis.zadd(broker.key('a', 'schedule'), 1, `send:${n}`);
    }
    expect(await queue.sweep()).toEqual({ promoted: 250, expired: 0, trimmed: 0 });
    expect(await queue.sweep()).toEqual({ promoted: 0, expired: 0, trimmed: 0 });
  });

  test('works whichever process keeps the queue tidy, and does not take over that duty', async () => {
    const keeper = await broker.consume('/a', () => undefined, { group: 'g' });
    await keeper.publish('/a', 1);
    const sweeper = broker.key('a', 'sweeper');
    await eventually(async () => (await broker.redis.get(sweeper)) !== null);
    const holder = await broker.redis.get(sweeper);
    expect(await broker.mq().queue('/a').sweep()).toMatchObject({ promoted: 0 });
    expect(await broker.redis.get(sweeper)).toBe(holder);
  });

  test('reports a key of another type', async () => {
    const mq = broker.mq(BY_HAND);
    await mq.publish('/a', 1);
    await broker.redis.set(broker.key('a', 'schedule'), 'x');
    await expect(mq.queue('/a').sweep()).rejects.toMatchObject({ code: 'KEY_TYPE' });
  });
});
