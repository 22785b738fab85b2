import { describe, expect, test } from '@jest/globals';
import { BrokerUnavailableError, BufferFullError, type LeanMQ } from '@leanmq/core';
import type { Redis } from 'ioredis';

import { eventually, nextEvent } from '../support/eventually.js';
import { connectTo } from '../support/redis.js';
import { useFaultyRig } from '../support/server.js';

const rig = useFaultyRig();

const logOf = (path: string): string => `${rig.prefix}:{${path}}:log`;

async function bodies(redis: Redis, path: string): Promise<unknown[]> {
  return (await redis.xrange(logOf(path), '-', '+')).map(
    ([, [, data]]) => JSON.parse(data ?? '') as unknown,
  );
}

/** Starts a publisher behind a proxy, and a client that looks at Redis directly. */
async function behindProxy(): Promise<{
  mq: LeanMQ;
  proxy: Awaited<ReturnType<typeof rig.proxy>>;
  redis: Redis;
}> {
  const server = await rig.server();
  const proxy = await rig.proxy(server);
  const mq = rig.mq(proxy.url);
  await mq.publish('/warm', 'up');
  return { mq, proxy, redis: await connectTo(server.url) };
}

describe('a connection fault during publish neither loses nor duplicates the message', () => {
  test('when the reply is lost after the write', async () => {
    const { mq, proxy, redis } = await behindProxy();
    const fired = proxy.cutAfterReplyTo(logOf('a'));
    const sends = Array.from({ length: 50 }, (_, n) => mq.publish('/a', n));
    await fired;
    const results = await Promise.all(sends);
    expect(await bodies(redis, 'a')).toEqual(Array.from({ length: 50 }, (_, n) => n));
    const ids = (await redis.xrange(logOf('a'), '-', '+')).map(([id]) => id);
    expect(results.map(({ id }) => id)).toEqual(ids);
    redis.disconnect();
  });

  test('when the reply is lost and the entries are trimmed before the batch is sent again', async () => {
    const { mq, proxy, redis } = await behindProxy();
    const fired = proxy.cutAfterReplyTo(logOf('a'));
    proxy.refuse();
    const send = mq.publish('/a', 'once');
    await fired;
    const [entry] = await redis.xrange(logOf('a'), '-', '+');
    await redis.xtrim(logOf('a'), 'MAXLEN', 0);
    proxy.accept();
    expect((await send).id).toBe(entry?.[0]);
    expect(await redis.xlen(logOf('a'))).toBe(0);
    redis.disconnect();
  });

  test('when the reply of a transaction is lost after the write', async () => {
    const { mq, proxy, redis } = await behindProxy();
    const fired = proxy.cutAfterReplyTo(logOf('b'));
    const transaction = mq.transaction((tx) => {
      tx.send('/a', 1);
      tx.send('/b', 2, { messageId: 'two' });
      tx.send('/b', 3, { delayMs: 60_000 });
    });
    await fired;
    const results = await transaction;
    expect(results.map(({ outcome }) => outcome)).toEqual(['published', 'published', 'scheduled']);
    expect([await bodies(redis, 'a'), await bodies(redis, 'b')]).toEqual([[1], [2]]);
    expect(await redis.zcard(`${rig.prefix}:{b}:schedule`)).toBe(1);
    redis.disconnect();
  });

  test('when the connection is killed again and again with thousands of sends on their way', async () => {
    const { mq, redis } = await behindProxy();
    const numbers = Array.from({ length: 5_000 }, (_, n) => n);
    let left = numbers.length;
    const sends = numbers.map(async (n) => {
      if (n % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
      await mq.publish('/a', n);
      left -= 1;
    });
    const killing = (async () => {
      while (left > 0) {
        await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })();
    await Promise.all([...sends, killing]);
    const stored = (await bodies(redis, 'a')) as number[];
    expect(stored.length).toBe(numbers.length);
    expect(stored.toSorted((x, y) => x - y)).toEqual(numbers);
    redis.disconnect();
  });

  test('when a half-open connection is given up for a new one', async () => {
    const { mq, proxy, redis } = await behindProxy();
    proxy.halfOpen();
    await mq.publish('/a', 1);
    expect(await bodies(redis, 'a')).toEqual([1]);
    redis.disconnect();
  });

  test('when the old socket still executes while the batch is sent again', async () => {
    const { mq, proxy, redis } = await behindProxy();
    // The server sees the first attempt only after it is thawed, and then the second one too.
    proxy.delay(150);
    const send = mq.publish('/a', 1);
    await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await send;
    proxy.delay(0);
    await mq.publish('/a', 2);
    expect(await bodies(redis, 'a')).toEqual([1, 2]);
    redis.disconnect();
  });
});

describe('a publish that cannot be done', () => {
  test('rejects by its deadline with an unknown outcome; the same id is then safe to send again', async () => {
    const server = await rig.server();
    const mq = rig.mq(server.url, { publishTimeoutMs: 400, silenceMs: 200 });
    await mq.publish('/warm', 'up');
    server.freeze();
    const outcome = mq.publish('/a', 'x', { messageId: 'one' });
    await expect(outcome).rejects.toBeInstanceOf(BrokerUnavailableError);
    await expect(outcome).rejects.toMatchObject({ outcome: 'unknown', retryable: true });
    server.thaw();
    const again = await mq.publish('/a', 'x', { messageId: 'one' });
    expect(['published', 'duplicate']).toContain(again.outcome);
    const redis = await connectTo(server.url);
    expect(await redis.xlen(logOf('a'))).toBe(1);
    redis.disconnect();
  });

  test('says that it was not sent if it never left', async () => {
    const server = await rig.server();
    const mq = rig.mq(server.url, { publishTimeoutMs: 200 });
    await mq.publish('/warm', 'up');
    const lost = nextEvent(mq.events, 'connectionLost');
    await server.kill();
    await lost;
    await eventually(() => mq.health().connections['publish'] === false);
    await expect(mq.publish('/a', 1)).rejects.toMatchObject({ outcome: 'not-sent' });
  });

  test('waits in a bounded buffer while Redis is away, and is sent in order when it is back', async () => {
    const server = await rig.server({ appendonly: 'always' });
    const mq = rig.mq(server.url, { maxBuffered: 100 });
    await mq.publish('/warm', 'up');
    await server.kill();
    await eventually(() => mq.health().connections['publish'] === false);
    const waiting = Array.from({ length: 100 }, (_, n) => mq.publish('/a', n));
    await expect(mq.publish('/a', 'one too many')).rejects.toBeInstanceOf(BufferFullError);
    await server.restart();
    await Promise.all(waiting);
    const redis = await connectTo(server.url);
    expect(await bodies(redis, 'a')).toEqual(Array.from({ length: 100 }, (_, n) => n));
    redis.disconnect();
  });
});

describe('a server that is out of memory', () => {
  test('refuses a publish and a transaction with a typed error, writes nothing of them, and lets consumers free memory', async () => {
    const server = await rig.server();
    const redis = await connectTo(server.url);
    const mq = rig.mq(server.url, { retention: { count: 0 } });
    for (let n = 0; n < 500; n += 1) void mq.publish('/a', 'x'.repeat(1_000));
    await eventually(async () => (await redis.xlen(logOf('a'))) === 500);
    await redis.config('SET', 'maxmemory', '1mb');
    await expect(mq.publish('/a', 'no')).rejects.toMatchObject({
      code: 'BROKER_OUT_OF_MEMORY',
      retryable: true,
    });
    await expect(
      mq.transaction((tx) => {
        tx.send('/b', 1);
        tx.send('/c', 2, { ttlMs: 1_000 });
      }),
    ).rejects.toMatchObject({ code: 'BROKER_OUT_OF_MEMORY' });
    expect(await redis.exists(logOf('b'), logOf('c'), `${rig.prefix}:{c}:expiry`)).toBe(0);

    // Reading, retrying, dead-lettering and acking continue.
    await redis.config('SET', 'maxmemory', '0');
    let seen = 0;
    const consumer = rig.mq(server.url, { retention: { count: 0 }, handlers: { attempts: 2 } });
    consumer.handle('/a', ({ attempt }) => {
      seen += 1;
      if (seen % 50 === 0 || attempt === 2) throw new Error('no');
    });
    await consumer.start();
    await redis.config('SET', 'maxmemory', '1mb');
    const letters = consumer.deadLetters('/a');
    await eventually(async () => seen >= 510 && (await letters.count()) === 10, {
      timeoutMs: 10_000,
    });
    await eventually(async () => (await redis.xlen(logOf('a'))) === 0);
    await redis.config('SET', 'maxmemory', '0');
    await mq.publish('/b', 'again');
    redis.disconnect();
  });
});
