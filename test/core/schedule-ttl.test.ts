import { describe, expect, test } from '@jest/globals';
import type { LeanMQEvents } from '@leanmq/core';

import { useBroker } from '../support/broker.js';
import { eventually, nextEvent } from '../support/eventually.js';

const broker = useBroker();

/** Fails once, so the retry waits in the schedule past the expiry of its message. */
function failsOnce(got: unknown[]): (message: { data: unknown; attempt: number }) => void {
  return ({ data, attempt }) => {
    got.push([data, attempt]);
    if (attempt === 1) throw new Error('fails');
  };
}

const SLOW_RETRY = { backoff: { type: 'fixed', delayMs: 400 } } as const;

describe('the time to live of a delayed send', () => {
  test('counts from when it is due', async () => {
    const mq = broker.mq();
    const { id } = await mq.publish('/later', 'x', { delayMs: 300, ttlMs: 5_000 });
    const due = Number(await broker.redis.zscore(broker.key('later', 'schedule'), `send:${id}`));
    const delivered = new Promise<number | undefined>((resolve) => {
      void broker.consume('/later', ({ expiresAt }) => resolve(expiresAt));
    });
    expect(await delivered).toBe(due + 5_000);
  });

  test('may be shorter than the delay', async () => {
    const got: unknown[] = [];
    const mq = await broker.consume('/later', ({ data }) => void got.push(data));
    const acked = nextEvent(mq.events, 'acked');
    await mq.publish('/later', 'x', { delayMs: 600, ttlMs: 300 });
    await acked;
    expect(got).toEqual(['x']);
  });

  test('ends when nobody has taken the message, and its memory is freed', async () => {
    const mq = broker.mq();
    await broker.redis.xgroup('CREATE', broker.key('later', 'log'), 'g', '0', 'MKSTREAM');
    await mq.publish('/later', 'x', { delayMs: 50, ttlMs: 100 });
    await nextEvent(mq.events, 'promoted');
    await eventually(async () => (await broker.redis.xlen(broker.key('later', 'log'))) === 0);
    expect(await broker.redis.zcard(broker.key('later', 'expiry'))).toBe(0);
  });
});

describe('a message that expires while it waits for its retry', () => {
  test('never reaches a handler again', async () => {
    const got: unknown[] = [];
    const options = { group: 'g', handlers: { ...SLOW_RETRY } };
    const mq = await broker.consume('/short', failsOnce(got), options);
    await mq.publish('/short', 'expires', { ttlMs: 200 });
    await mq.publish('/short', 'stays', { ttlMs: 60_000 });
    await eventually(() => got.length === 3);
    await eventually(async () => (await broker.redis.zcard(broker.key('short', 'schedule'))) === 0);
    await eventually(async () => (await broker.redis.xlen(broker.key('short', 'inbox:g'))) === 0);
    expect(got.sort()).toEqual([
      ['expires', 1],
      ['stays', 1],
      ['stays', 2],
    ]);
    expect(await mq.deadLetters('/short').count()).toBe(0);
  });

  test('becomes a dead letter, with its previous failure, for a group that keeps expired messages', async () => {
    const got: unknown[] = [];
    const options = {
      group: 'g',
      handlers: { ...SLOW_RETRY, onExpired: 'dead-letter' },
    } as const;
    const mq = await broker.consume('/short', failsOnce(got), options);
    await mq.publish('/short', 'x', { ttlMs: 200 });
    await eventually(async () => (await mq.deadLetters('/short').count()) === 1);
    const [letter] = await mq.deadLetters('/short').list();
    expect(letter).toMatchObject({ reason: 'expired', data: 'x', attempts: 1 });
    expect(letter?.error?.message).toBe('fails');
    expect(got).toEqual([['x', 1]]);
  });

  test.each([
    { onExpired: 'discard', dead: 0 },
    { onExpired: 'dead-letter', dead: 1 },
  ] as const)(
    'is over at its expiry, not when its retry would be due: $onExpired',
    async ({ onExpired, dead }) => {
      const backoff = { type: 'fixed', delayMs: 3_600_000 } as const;
      const options = { group: 'g', handlers: { backoff, onExpired } };
      const consumer = await broker.consume('/short', failsOnce([]), options);
      const publisher = broker.mq();
      const retried = nextEvent(consumer.events, 'retried');
      await publisher.publish('/short', 'x', { ttlMs: 200 });
      await retried;
      await consumer.close();
      const scheduled = broker.key('short', 'schedule');
      await eventually(async () => (await broker.redis.zcard(scheduled)) === 0);
      const inbox = broker.key('short', 'inbox:g');
      await eventually(async () => (await broker.redis.xlen(inbox)) === 0);
      expect(await publisher.deadLetters('/short', 'g').count()).toBe(dead);
    },
  );

  test('ends even when no consumer is left', async () => {
    const got: unknown[] = [];
    const options = { group: 'g', handlers: { ...SLOW_RETRY } };
    const consumer = await broker.consume('/short', failsOnce(got), options);
    const publisher = broker.mq();
    const retried = nextEvent<LeanMQEvents['retried'][0]>(consumer.events, 'retried');
    await publisher.publish('/short', 'x', { ttlMs: 200 });
    await retried;
    await consumer.close();
    const inbox = broker.key('short', 'inbox:g');
    await eventually(async () => (await broker.redis.zcard(broker.key('short', 'schedule'))) === 0);
    await eventually(async () => (await broker.redis.xlen(inbox)) === 0);
  });
});

describe('a message that expires while a group is away', () => {
  async function expireFor(onExpired: 'discard' | 'dead-letter'): Promise<number> {
    const group = await broker.consume('/short', () => undefined, {
      group: 'away',
      handlers: { onExpired },
    });
    await group.close();
    const publisher = broker.mq({ group: 'other' });
    await publisher.publish('/short', 'x', { ttlMs: 50 });
    await eventually(async () => (await broker.redis.xlen(broker.key('short', 'log'))) === 0);
    return broker.redis.xlen(broker.key('short', 'dead:away'));
  }

  test('becomes a dead letter, even when found by a process that knows nothing of the group', async () => {
    expect(await expireFor('dead-letter')).toBe(1);
  });

  test('is kept or discarded as the group last asked', async () => {
    expect(await expireFor('discard')).toBe(0);
    expect(await expireFor('dead-letter')).toBe(1);
    expect(await expireFor('discard')).toBe(1);
  });

  test('becomes a dead letter for a group that is only declared, if it was declared so', async () => {
    const mq = broker.mq();
    await mq.queue('/short').declareGroup('keeps', { onExpired: 'dead-letter' });
    await mq.queue('/short').declareGroup('leaves', { onExpired: 'discard' });
    await mq.queue('/short').declareGroup('silent');
    await mq.publish('/short', 'x', { ttlMs: 50 });
    await eventually(async () => (await broker.redis.xlen(broker.key('short', 'log'))) === 0);
    expect(await mq.deadLetters('/short', 'keeps').list()).toMatchObject([{ reason: 'expired' }]);
    expect(await mq.deadLetters('/short', 'leaves').count()).toBe(0);
    expect(await mq.deadLetters('/short', 'silent').count()).toBe(0);
  });

  test('is no longer kept for the group once that is removed', async () => {
    expect(await expireFor('dead-letter')).toBe(1);
    await broker.mq().queue('/short').removeGroup('away', { force: true });
    expect(await broker.redis.exists(broker.key('short', 'keepers'))).toBe(0);
  });
});
