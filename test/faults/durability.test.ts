import { describe, expect, test } from '@jest/globals';
import {
  NotReplicatedError,
  type LeanMQ,
  type LeanMQOptions,
  type PublishOptions,
} from '@leanmq/core';
import type { Redis } from 'ioredis';

import { eventually } from '../support/eventually.js';
import type { TcpProxy } from '../support/proxy.js';
import { disconnect } from '../support/redis.js';
import { callsOf, startReplicated, type Replicated } from '../support/replicas.js';
import { useFaultyRig } from '../support/server.js';
import { within } from '../support/within.js';

const rig = useFaultyRig();

const logOf = (path: string): string => `${rig.prefix}:{${path}}:log`;
const ONE = { replicas: 1, timeoutMs: 10_000 };
const SOON = { replicas: 1, timeoutMs: 300 };

interface Setup extends Replicated {
  readonly mq: LeanMQ;
  readonly proxy: TcpProxy;
}

/** Starts a publisher behind a proxy, whose sends wait for a replica by default. */
async function setUp(options: Partial<LeanMQOptions> = {}, replicas = 1): Promise<Setup> {
  const replicated = await startReplicated(rig, replicas);
  const proxy = await rig.proxy(replicated.master);
  const mq = rig.mq(proxy.url, { durability: ONE, ...options });
  await mq.connect();
  return { ...replicated, mq, proxy };
}

async function bodies(redis: Redis, path: string): Promise<unknown[]> {
  const entries = await redis.xrange(logOf(path), '-', '+');
  return entries.map(([, [, data]]) => JSON.parse(data ?? '') as unknown);
}

function isPending(promise: Promise<unknown>): Promise<boolean> {
  return Promise.race([
    promise.then(() => false),
    new Promise<true>((yes) => setImmediate(yes, true)),
  ]);
}

describe('a replica that does not answer', () => {
  test('makes a publish reject as unknown; sent again with its id, it is stored once and resolves when the replica has it', async () => {
    const { mq, replica, redis } = await setUp({ durability: SOON });
    replica.freeze();
    const send = (): Promise<unknown> => mq.publish('/a', 'x', { messageId: 'one' });
    const first = send();
    await expect(first).rejects.toBeInstanceOf(NotReplicatedError);
    await expect(first).rejects.toMatchObject({
      code: 'NOT_REPLICATED',
      retryable: true,
      outcome: 'unknown',
      replicas: 1,
      confirmed: 0,
      message: expect.stringContaining('0 of 1 replicas confirmed it within 300 ms') as unknown,
    });
    // The master alone is not enough for a duplicate either.
    await expect(send()).rejects.toMatchObject({ code: 'NOT_REPLICATED' });
    replica.thaw();
    expect(await send()).toMatchObject({ id: 'one', outcome: 'duplicate' });
    expect(await bodies(redis, 'a')).toEqual(['x']);
    disconnect(redis);
  });

  test('does not hold up sends that need no replicas, or fewer', async () => {
    const { mq, replicas, redis } = await setUp({}, 2);
    replicas[1]?.freeze();
    const both = mq.publish('/a', 'both', { durability: { replicas: 2, timeoutMs: 20_000 } });
    await eventually(async () => (await redis.xlen(logOf('a'))) === 1);
    for (let n = 0; n < 100; n += 1) await mq.publish('/a', n, { durability: 'memory' });
    for (let n = 0; n < 10; n += 1) await mq.publish('/a', n, { durability: ONE });
    await mq.queue('/a').info();
    replicas[0]?.freeze();
    const one = mq.publish('/a', 'one');
    for (let n = 0; n < 100; n += 1) await mq.publish('/a', n, { durability: 'memory' });
    expect(await isPending(both)).toBe(true);
    expect(await isPending(one)).toBe(true);
    for (const replica of replicas) replica.thaw();
    expect(await one).toMatchObject({ outcome: 'published' });
    expect(await both).toMatchObject({ outcome: 'published' });
    disconnect(redis);
  });

  test('makes a transaction and a delayed send reject, and both are safe to send again', async () => {
    const { mq, replica, redis } = await setUp({ durability: 'memory' });
    const both = (durability: typeof ONE): Promise<unknown[]> =>
      mq.transaction(
        (tx) => {
          tx.send('/a', 1, { messageId: 'one' });
          tx.send('/b', 2, { messageId: 'two', delayMs: 60_000 });
        },
        { durability },
      );
    const later = (durability: typeof ONE): Promise<unknown> =>
      mq.publish('/c', 3, { messageId: 'three', delayMs: 60_000, durability });
    await both(ONE);
    replica.freeze();
    await expect(both(SOON)).rejects.toMatchObject({ code: 'NOT_REPLICATED' });
    await expect(later(SOON)).rejects.toMatchObject({ code: 'NOT_REPLICATED' });
    replica.thaw();
    expect(await both(ONE)).toMatchObject([{ outcome: 'duplicate' }, { outcome: 'duplicate' }]);
    expect(await later(ONE)).toMatchObject({ outcome: 'duplicate' });
    expect(await bodies(redis, 'a')).toEqual([1]);
    for (const path of ['b', 'c']) {
      expect(await redis.zcard(`${rig.prefix}:{${path}}:schedule`)).toBe(1);
    }
    disconnect(redis);
  });

  test('fails only the sends that asked for it, each with its own error', async () => {
    const { mq, replica, redis } = await setUp({ durability: 'memory' });
    await mq.publish('/a', 'other', { messageId: 'taken' });
    replica.freeze();
    const results = await mq.publishMany('/a', [
      { data: 1 },
      { data: 2, options: { durability: SOON } },
      { data: 3, options: { durability: SOON, messageId: 'taken' } },
      { data: 4, options: { durability: { replicas: 0, timeoutMs: 1 } } },
    ]);
    expect(results).toMatchObject([
      { outcome: 'published' },
      { outcome: 'failed', error: { code: 'NOT_REPLICATED' } },
      { outcome: 'failed', error: { code: 'MESSAGE_ID_CONFLICT' } },
      { outcome: 'failed', error: { code: 'CONFIG_INVALID' } },
    ]);
    expect(await bodies(redis, 'a')).toEqual(['other', 1, 2]);
    disconnect(redis);
  });

  test('leaves the number of waiting sends bounded', async () => {
    const { mq, replica, redis } = await setUp({ maxBuffered: 20 });
    replica.freeze();
    await expect(mq.publish('/a', 0, { durability: SOON })).rejects.toMatchObject({
      code: 'NOT_REPLICATED',
    });
    const waiting = Array.from({ length: 20 }, (_, n) => mq.publish('/a', n));
    await expect(mq.publish('/a', 'one too many')).rejects.toMatchObject({ code: 'BUFFER_FULL' });
    replica.thaw();
    await Promise.all(waiting);
    // Confirmed sends no longer count.
    await Promise.all(Array.from({ length: 20 }, (_, n) => mq.publish('/a', n)));
    disconnect(redis);
  });

  test('leaves no publish unanswered beyond its deadline', async () => {
    const { mq, replica, redis } = await setUp({
      publishTimeoutMs: 400,
      durability: { replicas: 1, timeoutMs: 60_000 },
    });
    replica.freeze();
    const sends = Array.from({ length: 1_500 }, (_, n) => mq.publish('/a', n));
    const codes = (await within(5_000, Promise.allSettled(sends))).map((result) =>
      result.status === 'rejected' ? (result.reason as NotReplicatedError).code : result.status,
    );
    expect(new Set(codes)).toEqual(new Set(['NOT_REPLICATED', 'BROKER_UNAVAILABLE']));
    expect(mq.health().publishing).toBe(0);
    disconnect(redis);
  });
});

describe('a replica count that no server has', () => {
  test('rejects with the count asked for and the count there is', async () => {
    const { mq, redis } = await setUp();
    const sent = mq.publish('/a', 1, { durability: { replicas: 9, timeoutMs: 200 } });
    await expect(sent).rejects.toMatchObject({
      code: 'NOT_REPLICATED',
      replicas: 9,
      confirmed: 1,
      message: expect.stringContaining('1 of 9 replicas confirmed it within 200 ms') as unknown,
    });
    disconnect(redis);
  });
});

describe('many simultaneous sends', () => {
  test('over all queues share one WAIT, and each is answered', async () => {
    const { mq, redis } = await setUp();
    for (const path of ['/a', '/b', '/c', '/d', '/e']) await mq.publish(path, 'warm');
    const before = await callsOf(redis, 'wait');
    const sends = Array.from({ length: 500 }, (_, n) =>
      mq.publish(`/${'abcde'.charAt(n % 5)}`, n, n % 2 === 0 ? {} : { messageId: `m-${n}` }),
    );
    const results = await Promise.all(sends);
    expect(results.every(({ outcome }) => outcome === 'published')).toBe(true);
    expect((await callsOf(redis, 'wait')) - before).toBe(1);
    disconnect(redis);
  });

  test('to one queue share one WAIT too', async () => {
    const { mq, redis } = await setUp();
    await mq.publish('/a', 'warm');
    const before = await callsOf(redis, 'wait');
    await Promise.all(Array.from({ length: 256 }, (_, n) => mq.publish('/a', n)));
    expect((await callsOf(redis, 'wait')) - before).toBe(1);
    disconnect(redis);
  });

  test('keep their order on a queue, even over several rounds', async () => {
    const { mq, redis } = await setUp();
    const numbers = Array.from({ length: 2_000 }, (_, n) => n);
    const optionsOf = (n: number): PublishOptions => (n % 3 === 0 ? {} : { ttlMs: 60_000 });
    await Promise.all(numbers.map((n) => mq.publish('/a', n, optionsOf(n))));
    expect(await bodies(redis, 'a')).toEqual(numbers);
    disconnect(redis);
  });
});

describe('the durable connection', () => {
  test('is opened when it is first needed, or at once when the options ask for it', async () => {
    const { mq, redis, master } = await setUp();
    expect(Object.keys(mq.health().connections)).toContain('durable');
    const plain = rig.mq(master.url);
    const before = await callsOf(redis, 'wait');
    await plain.publish('/a', 1);
    expect(Object.keys(plain.health().connections)).not.toContain('durable');
    await plain.publish('/a', 2, { durability: ONE });
    expect(plain.health().connections['durable']).toBe(true);
    expect((await callsOf(redis, 'wait')) - before).toBe(1);
    disconnect(redis);
  });

  test('needs the right to WAIT only where it is used, and the error says so', async () => {
    const { master, redis } = await setUp();
    await redis.call('ACL', 'SETUSER', 'app', 'on', '>secret', '~*', '&*', '+@all', '-wait');
    const mq = rig.mq(`redis://app:secret@127.0.0.1:${master.port}`);
    await mq.publish('/a', 1);
    await expect(mq.publish('/a', 2, { durability: ONE })).rejects.toMatchObject({
      code: 'NOT_REPLICATED',
      retryable: false,
      message: expect.stringContaining('NOPERM') as unknown,
    });
    disconnect(redis);
  });
});

test('a recurring send does not wait for replicas', async () => {
  const { mq, replica, redis } = await setUp();
  await mq.schedules.upsert({ id: 'every', path: '/a', everyMs: 1_000, data: 1 });
  replica.freeze();
  await eventually(async () => (await redis.xlen(logOf('a'))) > 1);
  disconnect(redis);
});
