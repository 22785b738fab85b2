import { describe, expect, test } from '@jest/globals';

import { useBroker } from '../support/broker.js';
import { eventually, nextEvent } from '../support/eventually.js';

const broker = useBroker();

describe('the id of a delayed send', () => {
  test('is remembered until the send is due, when its dedupe window starts', async () => {
    const mq = broker.mq();
    const options = { messageId: 'a', dedupeMs: 1_000, delayMs: 60_000 };
    await mq.publish('/later', 1, options);
    expect(await mq.publish('/later', 1, options)).toEqual({ id: 'a', outcome: 'duplicate' });
    const leftMs = await broker.redis.pttl(broker.key('later', 'sent:a'));
    expect(leftMs).toBeGreaterThan(60_000);
    expect(leftMs).toBeLessThanOrEqual(61_000);
  });

  test('leads to its log entry once it was moved', async () => {
    const mq = broker.mq();
    const promoted = nextEvent(mq.events, 'promoted');
    await mq.publish('/later', 1, { messageId: 'a', delayMs: 10 });
    await promoted;
    const [[entry]] = (await broker.redis.xrange(broker.key('later', 'log'), '-', '+')) as [
      [string, string[]],
    ];
    expect(await broker.redis.get(broker.key('later', 'sent:a'))).toMatch(
      new RegExp(`^[0-9a-f]{40} ${entry} a$`),
    );
    expect(await broker.redis.pttl(broker.key('later', 'sent:a'))).toBeGreaterThan(0);
  });

  test('does not replace a waiting send when it is used again after its window', async () => {
    const mq = broker.mq();
    await mq.publish('/later', 'first', { messageId: 'a', delayMs: 500 });
    await broker.redis.del(broker.key('later', 'sent:a'));
    await mq.publish('/later', 'second', { messageId: 'a', delayMs: 600 });
    const got: unknown[] = [];
    await broker.consume('/later', ({ data }) => void got.push(data));
    await eventually(() => got.length === 2);
    expect(got).toEqual(['first', 'second']);
  });
});

test('a duplicate is still a duplicate when the queue is full', async () => {
  const mq = broker.mq();
  await mq.connect();
  await broker.redis
    .multi()
    .hset(`${broker.prefix}:routes`, 'setting:maxLength:full', '1')
    .hincrby(`${broker.prefix}:routes`, 'version', 1)
    .exec();
  await eventually(async () => {
    await mq.publish('/full', 1, { messageId: 'a' });
    await mq.publish('/full', 2).then(
      () => Promise.reject(new Error('not full')),
      (error: unknown) => expect(error).toMatchObject({ code: 'ROUTE_FULL' }),
    );
  });
  expect(await mq.publish('/full', 1, { messageId: 'a' })).toMatchObject({ outcome: 'duplicate' });
});
