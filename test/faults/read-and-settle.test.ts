import { describe, expect, test } from '@jest/globals';
import type { LeanMQEvents } from '@leanmq/core';

import { eventually, nextEvent } from '../support/eventually.js';
import { connectTo } from '../support/redis.js';
import { useFaultyRig } from '../support/server.js';

const rig = useFaultyRig();

const key = (path: string, what: string): string => `${rig.prefix}:{${path}}:${what}`;

async function pendingOf(url: string, path: string): Promise<number> {
  const redis = await connectTo(url);
  const [log] = (await redis.xpending(key(path, 'log'), 'g')) as [number];
  const [inbox] = (await redis.xpending(key(path, 'inbox:g'), 'g')) as [number];
  redis.disconnect();
  return log + inbox;
}

describe('when a connection fails between reading, running and settling,', () => {
  test('messages whose read reply was lost are adopted as a first attempt, without waiting for the lease', async () => {
    const server = await rig.server();
    const proxy = await rig.proxy(server);
    const publisher = rig.mq(server.url);
    const got: [unknown, number, number][] = [];
    const mq = rig.mq(proxy.url, { leaseMs: 60_000 });
    await mq.consume('/a', ({ data, attempt, crashes }) => void got.push([data, attempt, crashes]));
    const fired = proxy.cutAfterReplyTo(/xreadgroup/i);
    await publisher.publish('/a', 1);
    await fired;
    await publisher.publish('/a', 2);
    await eventually(() => got.length === 2);
    expect(got.toSorted()).toEqual([
      [1, 1, 0],
      [2, 1, 0],
    ]);
  });

  test('a message whose ack reply was lost is done and not run again', async () => {
    const server = await rig.server();
    const proxy = await rig.proxy(server);
    const publisher = rig.mq(server.url);
    let runs = 0;
    const mq = rig.mq(proxy.url);
    await mq.consume('/a', () => void (runs += 1));
    const fired = proxy.cutAfterReplyTo(/xack/i);
    const acked = nextEvent<LeanMQEvents['acked'][0]>(mq.events, 'acked');
    await publisher.publish('/a', 1);
    await fired;
    await acked;
    expect(await pendingOf(server.url, 'a')).toBe(0);
    expect(runs).toBe(1);
  });

  test('an ack that was not sent is sent again, and the message is not run again', async () => {
    const server = await rig.server();
    const proxy = await rig.proxy(server);
    const publisher = rig.mq(server.url);
    let runs = 0;
    const mq = rig.mq(proxy.url);
    await mq.consume('/a', () => {
      runs += 1;
      proxy.cut();
    });
    const acked = nextEvent(mq.events, 'acked');
    await publisher.publish('/a', 1);
    await acked;
    expect(runs).toBe(1);
    expect(await pendingOf(server.url, 'a')).toBe(0);
  });

  test('a retry whose reply was lost comes once, with the attempt counted once', async () => {
    const server = await rig.server();
    const proxy = await rig.proxy(server);
    const publisher = rig.mq(server.url);
    const attempts: number[] = [];
    const mq = rig.mq(proxy.url, { handlers: { backoff: { type: 'fixed', delayMs: 100 } } });
    await mq.consume('/a', ({ attempt }) => {
      attempts.push(attempt);
      if (attempt === 1) throw new Error('no');
    });
    const fired = proxy.cutAfterReplyTo(key('a', 'schedule'));
    const acked = nextEvent(mq.events, 'acked');
    await publisher.publish('/a', 1);
    await fired;
    await acked;
    expect(attempts).toEqual([1, 2]);
    expect(await pendingOf(server.url, 'a')).toBe(0);
  });

  test('a dead-lettering whose reply was lost leaves one dead letter', async () => {
    const server = await rig.server();
    const proxy = await rig.proxy(server);
    const publisher = rig.mq(server.url);
    const mq = rig.mq(proxy.url, { handlers: { attempts: 1 } });
    await mq.consume('/a', () => {
      throw new Error('no');
    });
    const fired = proxy.cutAfterReplyTo(key('a', 'dead:g'));
    const dead = nextEvent(mq.events, 'deadLettered');
    await publisher.publish('/a', 1);
    await fired;
    await dead;
    expect(await mq.deadLetters('/a').count()).toBe(1);
    expect(await pendingOf(server.url, 'a')).toBe(0);
  });

  test('a read that is blocked on a half-open connection recovers', async () => {
    const server = await rig.server();
    const proxy = await rig.proxy(server);
    const publisher = rig.mq(server.url);
    const got: unknown[] = [];
    const mq = rig.mq(proxy.url, { blockMs: 500, silenceMs: 300 });
    await mq.consume('/a', ({ data }) => void got.push(data));
    const first = nextEvent(mq.events, 'acked');
    await publisher.publish('/a', 'before');
    await first;
    proxy.halfOpen();
    await publisher.publish('/a', 'meanwhile');
    await eventually(() => got.length === 2, { timeoutMs: 8_000 });
    expect(got).toEqual(['before', 'meanwhile']);
  });
});

describe('a delivery whose lease was lost', () => {
  test('counts a late success and ignores a late failure', async () => {
    const server = await rig.server();
    const proxy = await rig.proxy(server);
    const publisher = rig.mq(server.url);
    const finish = new Map<string, { resolve: () => void; reject: (error: Error) => void }>();
    const stalled = rig.mq(proxy.url, { silenceMs: 60_000 });
    await stalled.consume<string>(
      '/a',
      ({ data }) =>
        new Promise<void>((resolve, reject) => {
          finish.set(data, { resolve, reject });
        }),
    );
    for (const each of ['succeeds late', 'fails late']) await publisher.publish('/a', each);
    await eventually(() => finish.size === 2);
    // Its heartbeats no longer arrive, as if the process had been frozen.
    proxy.halfOpen();
    proxy.refuse();
    const other: { data: string; end: () => void }[] = [];
    const second = rig.mq(server.url);
    await second.consume<string>('/a', ({ data, attempt, crashes }) => {
      expect([attempt, crashes]).toEqual([2, 1]);
      return new Promise<void>((resolve) => other.push({ data, end: resolve }));
    });
    await eventually(() => other.length === 2, { timeoutMs: 10_000 });

    const acked: LeanMQEvents['acked'][0][] = [];
    const lost: string[] = [];
    stalled.events.on('acked', (event) => acked.push(event));
    stalled.events.on('leaseLost', ({ id }) => lost.push(id));
    proxy.accept();
    proxy.cut();
    await eventually(() => lost.length === 2);
    finish.get('succeeds late')?.resolve();
    finish.get('fails late')?.reject(new Error('late'));
    await eventually(() => acked.length === 1);
    // The former owner's success took it off the pending list; the failure left the other entry in place.
    await eventually(async () => (await pendingOf(server.url, 'a')) === 1);
    const redis = await connectTo(server.url);
    expect(await redis.zcard(key('a', 'schedule'))).toBe(0);
    redis.disconnect();
    other.forEach(({ end }) => end());
    await eventually(async () => (await pendingOf(server.url, 'a')) === 0);
    expect(await second.deadLetters('/a').count()).toBe(0);
  });

  test('tells its handler through its signal', async () => {
    const server = await rig.server();
    const redis = await connectTo(server.url);
    const mq = rig.mq(server.url);
    const reason = new Promise((resolve) => {
      mq.handle('/a', ({ signal }) => {
        signal.addEventListener('abort', () => resolve(signal.reason));
        return new Promise<void>((done) => signal.addEventListener('abort', () => done()));
      });
    });
    await mq.start();
    const delivered = nextEvent(mq.events, 'delivered');
    const { id } = await mq.publish('/a', 1);
    await delivered;
    await redis.xclaim(key('a', 'log'), 'g', 'somebody-else', 0, id);
    await expect(reason).resolves.toMatchObject({ code: 'LEASE_LOST' });
    redis.disconnect();
  });
});
