import { mkdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';

import { describe, expect, test } from '@jest/globals';
import { BrokerUnavailableError, BufferFullError, type LeanMQ } from '@leanmq/core';
import type { Redis } from 'ioredis';

import { eventually, nextEvent } from '../support/eventually.js';
import { connectTo, disconnect } from '../support/redis.js';
import type { RedisServer } from '../support/redis-server.js';
import { useFaultyRig } from '../support/server.js';

const rig = useFaultyRig();

const LEASE_MS = 2_000;

/** A publisher and a consumer at work, with what they reported. */
interface Traffic {
  readonly publisher: LeanMQ;
  readonly consumer: LeanMQ;
  readonly told: string[];
  /** Runs of the handler, by number. */
  readonly handled: Map<number, number>;
  acknowledged: number;
  readonly errors: unknown[];
  /** Ends the delivery that stays in flight throughout the test. */
  finishHeld: () => void;
  stop(): Promise<void>;
}

async function traffic(server: RedisServer): Promise<Traffic> {
  const options = { leaseMs: LEASE_MS, retention: { count: 1_000_000 } };
  const publisher = rig.mq(server.url, options);
  const consumer = rig.mq(server.url, options);
  const handled = new Map<number, number>();
  const told: string[] = [];
  const errors: unknown[] = [];
  const finishHeld = (): void => undefined;
  const result = { publisher, consumer, told, handled, acknowledged: 0, errors, finishHeld };
  for (const [who, mq] of Object.entries({ publisher, consumer })) {
    mq.events.on('connectionLost', () => told.push(`${who} lost`));
    mq.events.on('connectionRegained', () => told.push(`${who} regained`));
    mq.events.on('fault', ({ where, error }) => told.push(`${who} ${where}: ${error.message}`));
    mq.events.on('warning', ({ code }) => told.push(`${who} ${code}`));
    mq.events.on('reclaimed', () => told.push(`${who} reclaimed`));
    mq.events.on('leaseLost', () => told.push(`${who} leaseLost`));
  }
  const hold = (): Promise<void> => new Promise((resolve) => (result.finishHeld = resolve));
  consumer.handle('/held', hold);
  await consumer.consume<number>('/a', async ({ data, attempt }) => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (data % 5 === 0 && attempt === 1) throw new Error('the first time');
    handled.set(data, (handled.get(data) ?? 0) + 1);
  });
  const stopping = new AbortController();
  const sends: Promise<unknown>[] = [];
  const delivered = nextEvent(consumer.events, 'delivered');
  await publisher.publish('/held', 1);
  await delivered;
  const load = (async () => {
    for (let n = 0; !stopping.signal.aborted; n += 1) {
      sends.push(
        publisher.publish('/a', n).then(
          () => (result.acknowledged += 1),
          (error: unknown) => errors.push(error),
        ),
      );
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  })();
  return Object.assign(result, {
    async stop() {
      stopping.abort();
      await load;
      await Promise.all(sends);
    },
  });
}

async function hasFlown({ handled }: Traffic): Promise<void> {
  const before = handled.size;
  await eventually(() => handled.size > before + 100, { timeoutMs: 15_000 });
}

async function ends(running: Traffic, redis: Redis): Promise<void> {
  await running.stop();
  expect(running.errors).toEqual([]);
  running.finishHeld();
  await eventually(() => running.consumer.health().inFlight === 0);
  await eventually(() => running.handled.size === running.acknowledged, { timeoutMs: 15_000 });
  expect([...running.handled.values()].every((times) => times === 1)).toBe(true);
  expect(await redis.xlen(`${rig.prefix}:{a}:log`)).toBe(running.acknowledged);
}

/** Makes the server refuse all writes, because a snapshot could not be saved. Returns how to end that. */
async function breakSaving(server: RedisServer, redis: Redis): Promise<() => Promise<void>> {
  // A folder in place of the file: the rename at the end of each snapshot fails.
  const obstacle = join(server.dir, 'dump.rdb');
  await mkdir(obstacle);
  await redis.config('SET', 'save', '3600 1000000');
  const saved = async (status: string): Promise<void> => {
    await redis.bgsave();
    await eventually(async () => {
      const info = await redis.info('persistence');
      return info.includes(`rdb_last_bgsave_status:${status}`);
    });
  };
  await saved('err');
  return async () => {
    await rmdir(obstacle);
    await saved('ok');
  };
}

/** Promotes the replica and makes the old master follow it. */
async function swap(master: Redis, replica: RedisServer): Promise<void> {
  await master.call('FAILOVER', 'TO', '127.0.0.1', String(replica.port));
  await eventually(async () => (await master.info('replication')).includes('role:slave'));
}

/** Longer than the lease, so every delivery in flight looks stale afterwards. */
async function longerThanTheLease(redis: Redis): Promise<void> {
  const held = [`${rig.prefix}:{held}:log`, 'g', 'IDLE', LEASE_MS + 200, '-', '+', 1] as const;
  await eventually(async () => (await redis.xpending(...held)).length === 1);
}

describe('a server that cannot save its data (MISCONF)', () => {
  test('is waited for by publishers and consumers, which report it once and lose and duplicate nothing', async () => {
    const server = await rig.server();
    const redis = await connectTo(server.url);
    const running = await traffic(server);
    await hasFlown(running);
    const repair = await breakSaving(server, redis);
    const { acknowledged } = running;
    await longerThanTheLease(redis);
    expect(running.acknowledged).toBeLessThan(acknowledged + 10);
    await repair();
    await hasFlown(running);
    await ends(running, redis);
    const expected = ['consumer BROKER_REFUSES', 'publisher BROKER_REFUSES'];
    expect(running.told.toSorted()).toEqual(expected);
    disconnect(redis);
  });

  test('makes a publish fail at its deadline and a start in time, with a typed error', async () => {
    const server = await rig.server();
    const redis = await connectTo(server.url);
    const repair = await breakSaving(server, redis);
    const mq = rig.mq(server.url, { publishTimeoutMs: 300, connectTimeoutMs: 300 });
    const refused = await mq.publish('/a', 'a secret').catch((error: unknown) => error);
    // Each attempt was refused, so nothing can have been stored.
    expect(refused).toMatchObject({
      ...{ code: 'BROKER_UNAVAILABLE', retryable: true, outcome: 'not-sent' },
      message: expect.stringContaining('MISCONF'),
    });
    expect(inspect(refused, { depth: 9 })).not.toContain('a secret');
    mq.handle('/a', () => undefined);
    const starting = mq.start();
    await expect(starting).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE', retryable: true });
    await expect(starting).rejects.toThrow(/MISCONF/);
    await repair();
    await mq.publish('/a', 1);
    await mq.start();
    disconnect(redis);
  });
});

describe('a server that has too few replicas (NOREPLICAS)', () => {
  test('is waited for by as many sends as may wait; the rest are refused at once', async () => {
    const server = await rig.server();
    const redis = await connectTo(server.url);
    const mq = rig.mq(server.url, { maxBuffered: 20 });
    await mq.publish('/a', 'warm up');
    await redis.config('SET', 'min-replicas-to-write', '1');
    const waiting: Promise<unknown>[] = [];
    // The first sends find out that the server refuses.
    await eventually(async () => {
      const send = mq.publish('/a', waiting.length);
      const soon = new Promise((resolve) => setImmediate(resolve, 'waits'));
      const outcome = await Promise.race([send.catch((error: unknown) => error), soon]);
      if (outcome === 'waits') waiting.push(send);
      else expect(outcome).toBeInstanceOf(BufferFullError);
      return outcome !== 'waits';
    });
    expect(waiting).toHaveLength(20);
    const burst = await mq.publishMany(
      '/a',
      Array.from({ length: 100 }, (_, data) => ({ data })),
    );
    for (const each of burst) expect(each).toMatchObject({ error: expect.any(BufferFullError) });

    await redis.config('SET', 'min-replicas-to-write', '0');
    await Promise.all(waiting);
    await mq.publish('/a', 'again');
    expect(await redis.xlen(`${rig.prefix}:{a}:log`)).toBe(22);
    disconnect(redis);
  });
});

describe('a server that may evict streams', () => {
  test('gets nothing from a publisher that waits for its connection; the error says why at the deadline', async () => {
    const server = await rig.server();
    const redis = await connectTo(server.url);
    await redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
    const mq = rig.mq(server.url, { connect: 'wait', publishTimeoutMs: 1_000, maxBuffered: 2 });
    const send = mq.publish('/a', 1);
    await expect(send).rejects.toMatchObject({
      ...{ code: 'BROKER_UNAVAILABLE', outcome: 'not-sent' },
      cause: expect.objectContaining({ code: 'EVICTION_POLICY' }),
    });
    // Now the connection exists.
    const [, second, third] = await mq.publishMany('/a', [{ data: 1 }, { data: 2 }, { data: 3 }]);
    expect(second).toMatchObject({ error: expect.any(BrokerUnavailableError) });
    expect(third).toMatchObject({ error: expect.any(BufferFullError) });
    expect(await redis.exists(`${rig.prefix}:{a}:log`)).toBe(0);
    await redis.config('SET', 'maxmemory-policy', 'noeviction');
    expect(await mq.publish('/a', 4)).toMatchObject({ outcome: 'published' });
    disconnect(redis);
  });
});

describe('a server that has become a replica (READONLY)', () => {
  test('is waited for until it is a master again, without a storm of reconnections, loss or duplicates', async () => {
    const config = { 'repl-diskless-sync-delay': '0' };
    const server = await rig.server({ config });
    const replicaof = `127.0.0.1 ${server.port}`;
    const other = await rig.server({ config: { ...config, replicaof } });
    const [redis, second] = await Promise.all([connectTo(server.url), connectTo(other.url)]);
    const isInStep = async (): Promise<boolean> =>
      (await second.info('replication')).includes('master_link_status:up');
    await eventually(isInStep);
    const running = await traffic(server);
    await hasFlown(running);
    await swap(redis, other);
    const connectionsBefore = await connectionsMade(redis);
    await longerThanTheLease(redis);
    expect((await connectionsMade(redis)) - connectionsBefore).toBeLessThan(60);
    await swap(second, server);
    await hasFlown(running);
    await ends(running, redis);
    for (const who of ['consumer', 'publisher']) {
      const lost = running.told.filter((each) => each === `${who} lost`).length;
      expect(lost).toBeGreaterThan(0);
      // A storm of reconnections made about ninety.
      expect(lost).toBeLessThan(10);
      expect(running.told.filter((each) => each === `${who} regained`)).toHaveLength(lost);
    }
    [redis, second].forEach(disconnect);
  });

  test('makes a start fail, and the error says why', async () => {
    const server = await rig.server();
    const replica = await rig.server({ config: { replicaof: `127.0.0.1 ${server.port}` } });
    const mq = rig.mq(replica.url, { connectTimeoutMs: 500 });
    await expect(mq.connect()).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' });
    await expect(mq.connect()).rejects.toThrow(/is a replica and accepts no writes/);
  });
});

describe('a server that loads its data (LOADING)', () => {
  test('is waited for by publishers and consumers, which continue once it has loaded, without loss or duplicates', async () => {
    // Half a millisecond for each key: a slow disk.
    const config = { 'key-load-delay': '500' };
    const server = await rig.server({ appendonly: 'always', config });
    const redis = await connectTo(server.url);
    const filling = redis.pipeline();
    for (let n = 0; n < 5_000; n += 1) filling.set(`filler:${n}`, n);
    await filling.exec();
    const running = await traffic(server);
    await hasFlown(running);
    await server.kill();
    const started = server.restart();
    await eventually(() => isLoading(server.url));
    await started;
    const { size } = running.handled;
    await eventually(() => running.handled.size > size, { timeoutMs: 3_000 });
    const restarted = await connectTo(server.url);
    await hasFlown(running);
    await ends(running, restarted);
    expect(running.told.toSorted()).toEqual([
      'consumer lost',
      'consumer regained',
      'publisher lost',
      'publisher regained',
    ]);
    [redis, restarted].forEach(disconnect);
  });
});

async function isLoading(url: string): Promise<boolean> {
  const redis = await connectTo(url, { enableReadyCheck: false });
  try {
    return (await redis.info('persistence')).includes('loading:1');
  } finally {
    disconnect(redis);
  }
}

async function connectionsMade(redis: Redis): Promise<number> {
  const info = await redis.info('stats');
  return Number(/total_connections_received:(\d+)/.exec(info)?.[1]);
}

describe('a server that refuses reads (NOPERM)', () => {
  /** Collects the faults of a consumer. */
  function faultsOf(mq: LeanMQ): string[] {
    const told: string[] = [];
    mq.events.on('fault', ({ where, error }) => told.push(`${where}: ${error.message}`));
    return told;
  }

  function refusedTimes(mq: LeanMQ): number {
    return mq.health().refused.reduce((sum, { count }) => sum + count, 0);
  }

  test('is reported once, not at each retry, and again when it refuses something else', async () => {
    const server = await rig.server();
    const redis = await connectTo(server.url);
    const handled: unknown[] = [];
    const mq = rig.mq(server.url, { group: 'g' });
    const told = faultsOf(mq);
    await mq.consume('/a', ({ data }) => void handled.push(data));
    await redis.call('ACL', 'SETUSER', 'default', '-xreadgroup');
    await eventually(() => refusedTimes(mq) >= 4, { timeoutMs: 20_000 });
    expect(told).toEqual([expect.stringMatching(/^consume: .*xreadgroup/)]);
    await redis.call('ACL', 'SETUSER', 'default', '+xreadgroup', '-xack');
    const acked = nextEvent(mq.events, 'acked');
    await mq.publish('/a', 1);
    await eventually(() => told.length > 1, { timeoutMs: 20_000 });
    expect(told[1]).toMatch(/xack/);
    await redis.call('ACL', 'SETUSER', 'default', '+xack');
    await acked;
    expect(handled).toContain(1);
    expect(told.filter((each) => each.includes('xreadgroup'))).toHaveLength(1);
    disconnect(redis);
  }, 60_000);
});
