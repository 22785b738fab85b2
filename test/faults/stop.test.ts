import { describe, expect, test } from '@jest/globals';
import { LeanMQ } from '@leanmq/core';

import { QUICK } from '../support/broker.js';
import { eventually, nextEvent } from '../support/eventually.js';
import { expectNoNewResources, openResources } from '../support/leaks.js';
import { connectTo } from '../support/redis.js';
import { useFaultyRig } from '../support/server.js';
import { within } from '../support/within.js';

const rig = useFaultyRig();
const key = (path: string, what: string): string => `${rig.prefix}:{${path}}:${what}`;

describe('a shutdown', () => {
  test.each(['paused', 'open'])(
    'ends while a reader is starting on a queue that is %s',
    async (how) => {
      const server = await rig.server();
      const proxy = await rig.proxy(server);
      const manager = rig.mq(server.url);
      await manager.consume('/a', () => undefined);
      if (how === 'paused') await manager.queue('/a').pause();
      const mq = rig.mq(proxy.url, { blockMs: 20_000 });
      await mq.connect();
      await mq.consume('/a', () => undefined);
      // The reader's first commands take a while.
      proxy.delay(60);
      await eventually(() => mq.health().connections['read'] === true, { everyMs: 1 });
      await within(5_000, mq.stop());
    },
    15_000,
  );

  test('ends while a waiting read has replaced one for the same queues', async () => {
    const server = await rig.server();
    const mq = rig.mq(server.url, { blockMs: 20_000 });
    for (const path of ['/a', '/b', '/c']) mq.handle(path, () => undefined);
    await mq.start();
    const redis = await connectTo(server.url);
    const info = async (pattern: RegExp): Promise<number> =>
      Number(pattern.exec(await redis.info('everything'))?.[1] ?? 0);
    const renewals = (): Promise<number> => info(/cmdstat_client\|unblock:calls=(\d+)/);
    const isWaiting = async (): Promise<boolean> => (await info(/blocked_clients:(\d+)/)) > 0;
    const manager = rig.mq(server.url);
    await manager.publish('/d', 1);
    // The second change leaves the reader with the same routes as before.
    await manager.queue('/c').pause();
    await eventually(async () => (await renewals()) > 0 && (await isWaiting()));
    const before = await renewals();
    await manager.queue('/d').delete();
    await eventually(async () => (await renewals()) > before && (await isWaiting()));
    await within(5_000, mq.stop());
    redis.disconnect();
  }, 15_000);

  test('ends during an outage, with a pulled delivery that nobody has settled', async () => {
    const server = await rig.server();
    const mq = new LeanMQ({ ...QUICK, redis: server.url, prefix: rig.prefix, group: 'g' });
    await mq.publish('/a', 1);
    expect(await mq.receive('/a')).toHaveLength(1);
    await server.kill();
    await within(8_000, mq.close());
  });

  test('ends when Redis went away while the consumer was joining', async () => {
    const server = await rig.server();
    const proxy = await rig.proxy(server);
    const mq = new LeanMQ({ ...QUICK, redis: proxy.url, prefix: rig.prefix, group: 'g' });
    await mq.connect();
    mq.handle('/a', () => undefined);
    proxy.refuse();
    proxy.cut();
    await eventually(() => mq.health().status === 'down');
    const started = mq.start().catch(() => undefined);
    const { attempts } = proxy;
    await eventually(() => proxy.attempts > attempts + 2);
    await within(8_000, mq.close());
    await within(1_000, started);
  });

  test('by close() waits for a stop() that is draining', async () => {
    const server = await rig.server();
    const mq = rig.mq(server.url);
    let finish = (): void => undefined;
    await mq.consume('/a', () => new Promise<void>((resolve) => (finish = resolve)));
    const delivered = nextEvent(mq.events, 'delivered');
    await mq.publish('/a', 1);
    await delivered;
    const redis = await connectTo(server.url);
    const stopping = mq.stop();
    let isClosed = false;
    const closing = mq.close().then(() => (isClosed = true));
    // The consumer is draining: nothing is read any more.
    await eventually(async () => (await redis.info('clients')).includes('blocked_clients:0'));
    expect(isClosed).toBe(false);
    finish();
    await Promise.all([stopping, closing]);
    const [pending] = (await redis.xpending(key('a', 'log'), 'g')) as [number];
    expect(pending).toBe(0);
    redis.disconnect();
  });

  test('before Redis is there keeps the consumer from starting later', async () => {
    const server = await rig.server();
    const proxy = await rig.proxy(server);
    proxy.refuse();
    const mq = rig.mq(proxy.url, { connect: 'wait' });
    const got: unknown[] = [];
    mq.handle('/a', ({ data }) => void got.push(data));
    await mq.start();
    await mq.stop();
    proxy.accept();
    await mq.publish('/a', 1);
    await eventually(() => mq.health().status === 'up');
    // A successor gets what is published later, too.
    const heir = rig.mq(server.url);
    const taken: unknown[] = [];
    await heir.consume('/a', ({ data }) => void taken.push(data));
    for (let n = 2; n <= 50; n += 1) await mq.publish('/a', n);
    await eventually(() => taken.length === 50);
    expect(got).toEqual([]);
  });

  test('is not needed after a failed start, which can be tried again', async () => {
    const server = await rig.server();
    const proxy = await rig.proxy(server);
    proxy.refuse();
    const mq = rig.mq(proxy.url, { connectTimeoutMs: 200 });
    const got: unknown[] = [];
    mq.handle('/a', ({ data }) => void got.push(data));
    await expect(mq.start()).rejects.toMatchObject({ name: 'BrokerUnavailableError' });
    proxy.accept();
    await eventually(async () => mq.start().then(() => true));
    await mq.publish('/a', 1);
    await eventually(() => got.length === 1);
  });

  test('opens nothing afterwards', async () => {
    const server = await rig.server();
    const mq = rig.mq(server.url);
    await mq.connect();
    await mq.close();
    const before = await openResources();
    await expect(mq.receive('/a')).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(mq.processOnce()).rejects.toMatchObject({ code: 'CLOSED' });
    expect(() => mq.redis).toThrow(expect.objectContaining({ code: 'CLOSED' }));
    await expectNoNewResources(before, { timeoutMs: 1_000 });
  });

  test('leaves no timer of a rate limit behind', async () => {
    const server = await rig.server();
    const proxy = await rig.proxy(server);
    const before = await openResources();
    const mq = rig.mq(proxy.url);
    let runs = 0;
    await mq.consume('/b', () => void (runs += 1), { rateLimit: { count: 1, perMs: 600_000 } });
    await mq.publish('/b', 1);
    await eventually(() => runs === 1);
    // The next permit is being requested at the stop.
    proxy.delay(100);
    await mq.publish('/b', 2);
    await eventually(() => mq.health().inFlight === 1, { everyMs: 1 });
    await mq.close();
    proxy.delay(0);
    await expectNoNewResources(before);
    expect(runs).toBe(1);
  });
});
