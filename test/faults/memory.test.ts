import { describe, expect, test } from '@jest/globals';
import type { LeanMQ } from '@leanmq/core';
import type { Redis } from 'ioredis';

import { killChildren, Child } from '../support/children.js';
import { eventually } from '../support/eventually.js';
import type { ConsumerSettings, Task } from '../support/programs/consumer.js';
import { connectTo, disconnect } from '../support/redis.js';
import { useFaultyRig } from '../support/server.js';

const rig = useFaultyRig();

const BALLAST = 'x'.repeat(1_000);

/** Starts a server with some messages on `/a`, whose memory can be filled up and freed. */
async function smallServer(): Promise<{
  url: string;
  redis: Redis;
  publisher: LeanMQ;
  fill(): Promise<void>;
  free(): Promise<void>;
}> {
  const server = await rig.server();
  const redis = await connectTo(server.url);
  const publisher = rig.mq(server.url, { retention: { count: 0 } });
  await Promise.all(Array.from({ length: 300 }, (_, n) => publisher.publish('/a', [n, BALLAST])));
  return {
    url: server.url,
    redis,
    publisher,
    fill: () => redis.config('SET', 'maxmemory', '1mb').then(() => undefined),
    free: () => redis.config('SET', 'maxmemory', '0').then(() => undefined),
  };
}

const keyOf = (path: string, what: string): string => `${rig.prefix}:{${path}}:${what}`;

describe('a server whose memory is full', () => {
  test('refuses every kind of publish with a typed error that names the remedy, and stores nothing of it', async () => {
    const { redis, publisher: mq, fill, free } = await smallServer();
    await fill();
    const refusal = {
      code: 'BROKER_OUT_OF_MEMORY',
      retryable: true,
      message: expect.stringMatching(/Nothing was written.*"maxmemory"/s) as unknown,
    };
    const attempts: Record<string, () => Promise<unknown>> = {
      plain: () => mq.publish('/no/plain', BALLAST),
      'own id': () => mq.publish('/no/id', BALLAST, { messageId: 'one' }),
      delayed: () => mq.publish('/no/delayed', BALLAST, { delayMs: 60_000, messageId: 'two' }),
      'time to live': () => mq.publish('/no/ttl', BALLAST, { ttlMs: 60_000 }),
      transaction: () =>
        mq.transaction((tx) => {
          tx.send('/no/first', 1, { messageId: 'three' });
          tx.send('/no/second', 2, { delayMs: 60_000 });
          tx.send('/no/third', 3, { ttlMs: 60_000 });
        }),
      recurring: () =>
        mq.schedules.upsert({ id: 'r', path: '/no/recurring', everyMs: 60_000, data: BALLAST }),
    };
    for (const attempt of Object.values(attempts)) {
      await expect(attempt()).rejects.toMatchObject(refusal);
    }
    const many = await mq.publishMany('/no/many', [{ data: 1 }, { data: 2 }]);
    expect(many.map(({ outcome }) => outcome)).toEqual(['failed', 'failed']);
    expect(await redis.keys(`${rig.prefix}:{no/*`)).toEqual([]);
    expect(await redis.xlen(keyOf('a', 'log'))).toBe(300);

    await free();
    // Nothing of the refused sends is remembered: the same ids are not duplicates.
    const sent = await mq.publish('/no/id', BALLAST, { messageId: 'one' });
    expect(sent.outcome).toBe('published');
    const [first] = await mq.transaction((tx) => tx.send('/no/first', 1, { messageId: 'three' }));
    expect(first?.outcome).toBe('published');
    disconnect(redis);
  });

  test('lets a service start and do all that frees memory: acks, retries, dead letters, promotion, expiry, trimming', async () => {
    const { url, redis, publisher, fill, free } = await smallServer();
    for (let n = 0; n < 20; n += 1) {
      await publisher.publish('/later', n, { delayMs: 300 });
      await publisher.publish('/short', n, { ttlMs: 300 });
      await publisher.publish('/once', n);
    }
    await publisher.queue('/short').declareGroup('g');
    await fill();
    await expect(publisher.publish('/a', 'no')).rejects.toMatchObject({ retryable: true });

    const handled = new Map<string, number>();
    const mq = rig.mq(url, { retention: { count: 0 }, handlers: { attempts: 2 } });
    const count = (what: string): void => void handled.set(what, (handled.get(what) ?? 0) + 1);
    mq.handle<[number]>('/a', ({ data: [n], attempt }) => {
      if (n % 10 === 0 || (n % 10 === 1 && attempt === 1)) throw new Error('no');
      count(`a ${n}`);
    });
    mq.handle<number>('/later', ({ data }) => count(`later ${data}`));
    mq.handle<number>('/once', ({ data }) => count(`once ${data}`), { idempotent: true });
    const faults: string[] = [];
    mq.events.on('fault', ({ where, error }) => faults.push(`${where}: ${error.message}`));
    await mq.start();

    await eventually(() => handled.size === 270 + 20 + 20, { timeoutMs: 15_000 });
    await eventually(async () => (await mq.deadLetters('/a').count()) === 30);
    for (const path of ['a', 'later', 'once', 'short']) {
      await eventually(async () => (await redis.xlen(keyOf(path, 'log'))) === 0);
    }
    expect(await redis.zcard(keyOf('short', 'expiry'))).toBe(0);
    // A live consumer is seen, so its group cannot be removed by mistake.
    await expect(publisher.queue('/a').removeGroup('g')).rejects.toMatchObject({
      code: 'GROUP_BUSY',
    });
    expect([...handled.values()].every((times) => times === 1)).toBe(true);
    await expect(publisher.publish('/a', 'still no')).rejects.toMatchObject({ retryable: true });

    await free();
    await publisher.publish('/a', [1_001]);
    await eventually(() => handled.has('a 1001'));
    expect(await mq.deadLetters('/a').replayAll()).toBe(30);
    await eventually(async () => (await mq.deadLetters('/a').count()) === 30);
    expect(faults).toEqual([]);
    disconnect(redis);
  });

  test('does not hide a message that kills its process', async () => {
    const { url, redis, publisher, fill } = await smallServer();
    await publisher.publish('/work', { n: 1, act: 'die' } satisfies Task);
    await fill();
    const settings: ConsumerSettings = {
      path: '/work',
      options: { redis: url, prefix: rig.prefix, group: 'g', leaseMs: 600, sweepMs: 200 },
    };
    const letters = publisher.deadLetters('/work', 'g');
    let child = Child.start('consumer', settings);
    await eventually(
      async () => {
        if (child.hasExited) child = Child.start('consumer', settings);
        return (await letters.count()) === 1;
      },
      { timeoutMs: 25_000, everyMs: 50 },
    );
    const [letter] = await letters.list();
    expect(letter?.reason).toBe('poison');
    await killChildren();
    disconnect(redis);
  });
});
