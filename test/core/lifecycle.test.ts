import { describe, expect, test } from '@jest/globals';
import { LeanMQ, ShutdownError, type LeanMQEvents } from '@leanmq/core';

import { useBroker } from '../support/broker.js';
import { eventually, nextEvent } from '../support/eventually.js';
import { expectNoNewResources, openResources } from '../support/leaks.js';
import { connectTo } from '../support/redis.js';
import { RedisServer } from '../support/redis-server.js';

const broker = useBroker();

describe('a LeanMQ instance', () => {
  test('leaves no timer, socket or consumer behind when it closes', async () => {
    const before = await openResources();
    const mq = broker.mq({ group: 'g' });
    await mq.consume('/a', () => undefined);
    const acked = nextEvent(mq.events, 'acked');
    await mq.publish('/a', 1);
    await acked;
    await mq.redis.ping();
    await mq.close();
    await expectNoNewResources(before);
    expect(await broker.redis.xinfo('CONSUMERS', broker.key('a', 'log'), 'g')).toEqual([]);
    expect(mq.health()).toMatchObject({ status: 'down', isClosed: true });
    await expect(mq.publish('/a', 2)).rejects.toMatchObject({ code: 'CLOSED' });
  });

  test('forgets consumers that died without leaving when it starts, and keeps those that are alive', async () => {
    const here = broker.key('a', 'here:g');
    await broker.redis.hset(here, 'killed', '1', 'alive', String(Date.now() + 60_000));
    const mq = await broker.consume('/a', () => undefined, { group: 'g' });
    await eventually(async () => {
      expect((await broker.redis.hkeys(here)).sort()).toEqual(['alive', mq.consumer].sort());
    });
  });

  test('is closed by await using', async () => {
    let inner: LeanMQ | undefined;
    {
      await using mq = broker.mq();
      inner = mq;
      await mq.publish('/a', 1);
      expect(mq.health()).toMatchObject({ status: 'up', publishing: 0, inFlight: 0 });
    }
    expect(inner.health().isClosed).toBe(true);
  });

  test('that only publishes opens no reader', async () => {
    const mq = broker.mq();
    await mq.start();
    await mq.publish('/a', 1);
    expect(mq.health().readAgesMs).toEqual([]);
    expect(Object.keys(mq.health().connections).toSorted()).toEqual(['command', 'publish']);
  });

  test('waits at its stop for running handlers, releases what has not started, and uses up no attempt', async () => {
    const finish: (() => void)[] = [];
    const mq = await broker.consume(
      '/slow',
      () => new Promise<void>((resolve) => finish.push(resolve)),
      { group: 'g', handlers: { concurrency: 4 } },
    );
    await Promise.all(Array.from({ length: 20 }, (_, n) => mq.publish('/slow', n)));
    await eventually(() => finish.length === 4);
    const stopped = mq.stop();
    // A handler can still publish during the drain.
    await mq.publish('/other', 'while draining');
    finish.forEach((resolve) => resolve());
    await stopped;
    expect(finish).toHaveLength(4);
    const attempts: number[] = [];
    await broker.consume('/slow', ({ attempt }) => void attempts.push(attempt), { group: 'g' });
    await eventually(() => attempts.length === 16);
    expect(new Set(attempts)).toEqual(new Set([1]));
  });

  test('keeps the history of a retry that it read ahead and releases when it closes', async () => {
    const blocked: unknown[] = [];
    const failOnce = broker.mq({
      ...{ group: 'g', drainTimeoutMs: 50 },
      handlers: { concurrency: 1, backoff: { type: 'fixed', delayMs: 30 } },
    });
    let quick = 0;
    failOnce.handle('/again', ({ data, attempt }) => {
      if (data === 'quick') return void (quick += 1);
      if (attempt === 1) throw new Error('the first time');
      blocked.push(data);
      return new Promise(() => undefined);
    });
    await failOnce.start();
    // The consumer reads ahead only as far as its handlers are fast.
    for (let n = 0; n < 200; n += 1) void failOnce.publish('/again', 'quick');
    await eventually(() => quick === 200);
    const sent = await Promise.all([1, 2, 3].map((n) => failOnce.publish('/again', n)));
    // One runs; the others wait for its slot.
    await eventually(() => blocked.length === 1 && failOnce.health().inFlight === 3);
    const released: string[] = [];
    failOnce.events.on('released', ({ id, attempt }) => released.push(`${id} ${attempt}`));
    await failOnce.close();
    const ids = sent.map(({ id }) => id);
    expect(released.toSorted()).toEqual(ids.map((id) => `${id} 2`).toSorted());
    const seen: unknown[] = [];
    await broker.consume(
      '/again',
      ({ id, origin, attempt, lastError }) =>
        void seen.push([id, origin, attempt, lastError?.message]),
      { group: 'g' },
    );
    await eventually(() => seen.length === 3);
    expect(seen.toSorted()).toEqual(ids.map((id) => [id, id, 2, 'the first time']).toSorted());
  });

  test('aborts and releases what has not finished by the drain deadline', async () => {
    const reasons: unknown[] = [];
    const mq = await broker.consume(
      '/stuck',
      ({ signal }) => {
        signal.addEventListener('abort', () => reasons.push(signal.reason));
        return new Promise(() => undefined);
      },
      { group: 'g', drainTimeoutMs: 100 },
    );
    const delivered = nextEvent(mq.events, 'delivered');
    await mq.publish('/stuck', 1);
    await delivered;
    const released = nextEvent<LeanMQEvents['released'][0]>(mq.events, 'released');
    const told = nextEvent(mq.events, 'stopped');
    await mq.close();
    expect(await released).toMatchObject({ attempt: 1 });
    expect(await told).toMatchObject({ released: 1 });
    expect(reasons[0]).toBeInstanceOf(ShutdownError);
    const attempts: number[] = [];
    await broker.consume('/stuck', ({ attempt }) => void attempts.push(attempt), { group: 'g' });
    await eventually(() => attempts.length === 1);
    expect(attempts).toEqual([1]);
  });

  test('reports an absent Redis in time, with its address and a remedy', async () => {
    const mq = broker.mq({ redis: 'redis://127.0.0.1:1', connectTimeoutMs: 300 });
    const failure = mq.connect();
    await expect(failure).rejects.toMatchObject({
      code: 'BROKER_UNAVAILABLE',
      outcome: 'not-sent',
    });
    await expect(failure).rejects.toThrow(/127\.0\.0\.1:1 .*"redis"/);
  });

  test('refuses a server whose policy may evict streams, unless allowEviction is set', async () => {
    const server = await RedisServer.start({ config: { 'maxmemory-policy': 'allkeys-lru' } });
    try {
      await expect(broker.mq({ redis: server.url }).connect()).rejects.toMatchObject({
        code: 'EVICTION_POLICY',
      });
      const accepting = broker.mq({ redis: server.url, allowEviction: true });
      const warning = nextEvent(accepting.events, 'warning');
      await accepting.connect();
      expect(await warning).toMatchObject({ code: 'EVICTION_POLICY' });
    } finally {
      await server.stop();
    }
  });

  test('reports a wrong password at once', async () => {
    const server = await RedisServer.start();
    const admin = await connectTo(server.url);
    await admin.config('SET', 'requirepass', 'right');
    admin.disconnect();
    try {
      const url = server.url.replace('redis://', 'redis://:wrong@');
      const startedAt = performance.now();
      await expect(broker.mq({ redis: url }).connect()).rejects.toMatchObject({
        code: 'BROKER_DENIED',
      });
      expect(performance.now() - startedAt).toBeLessThan(5_000);
      const right = broker.mq({ redis: server.url.replace('redis://', 'redis://:right@') });
      await right.publish('/a', 1);
    } finally {
      await server.stop();
    }
  });

  test('refuses a second handler for a path and a handler without a group, even after the start', async () => {
    const mq = broker.mq();
    mq.handle('/a', () => undefined);
    expect(() => mq.handle('a/', () => undefined)).toThrow(/"\/a\/" already has a handler/);
    await mq.start();
    expect(() => mq.handle('a/', () => undefined)).toThrow(/"\/a\/" already has a handler/);
    const anonymous = new LeanMQ({ redis: broker.url });
    anonymous.handle('/a', () => undefined);
    await expect(anonymous.start()).rejects.toThrow(/"group" is missing/);
    await anonymous.close();
    const publisher = new LeanMQ({ redis: broker.url });
    await publisher.start();
    expect(() => publisher.handle('/a', () => undefined)).toThrow(/"group" is missing/);
    await publisher.close();
  });

  test('refuses a client of a factory without the options that the guarantees rest on', async () => {
    const { Redis } = await import('ioredis');
    expect(() => broker.mq({ redis: () => new Redis({ lazyConnect: true }) })).toThrow(
      /autoResendUnfulfilledCommands/,
    );
    const roles: string[] = [];
    const mq = broker.mq({
      redis: (role, options) => {
        roles.push(role);
        return new Redis(broker.url, options);
      },
    });
    await mq.publish('/a', 1);
    expect(roles.toSorted()).toEqual(['command', 'publish']);
  });
});
