import { describe, expect, test } from '@jest/globals';
import { NotFoundError, RejectError, listWithDeadLetters } from '@leanmq/core';

import type { Redis } from 'ioredis';

import { useBroker } from '../support/broker.js';
import { eventually, nextEvent } from '../support/eventually.js';
import { RedisServer } from '../support/redis-server.js';
import { connectTo } from '../support/redis.js';

const broker = useBroker();

describe('an overview of queues', () => {
  test('shows per queue what waits, is in flight, is scheduled and is dead, and who consumes', async () => {
    const finish: (() => void)[] = [];
    const mq = broker.mq({
      group: 'billing',
      handlers: { concurrency: 2, attempts: 2, backoff: { type: 'fixed', delayMs: 60_000 } },
    });
    await mq.consume<string>('/order/status/', async ({ data }) => {
      if (data === 'retry') throw new Error('later');
      if (data === 'reject') throw new RejectError();
      await new Promise<void>((resolve) => finish.push(resolve));
    });
    const queue = mq.queue('/order/status/');
    await queue.declareGroup('shipping');
    await mq.publish('/order/status', 'delayed', { delayMs: 60_000 });
    for (const data of ['retry', 'reject', 'hold']) await mq.publish('/order/status', data);
    await eventually(() => finish.length === 1);
    await mq.publish('/order/status', 'hold');
    await eventually(() => finish.length === 2);
    await broker.mq().publish('/audit', 1);

    const list = await eventually(async () => {
      const queues = await broker.mq().queues();
      const billing = queues[1]?.groups[0];
      expect([billing?.dead, billing?.scheduled, billing?.inFlight]).toEqual([1, 1, 2]);
      return queues;
    });
    expect(list.map(({ path, name }) => [path, name])).toEqual([
      ['audit', '/audit/'],
      ['order/status', '/order/status/'],
    ]);
    const [audit, order] = list;
    expect(audit).toMatchObject({ messages: 1, scheduled: 0, groups: [], deletedAt: undefined });
    expect(order).toMatchObject({ messages: 4, scheduled: 1, settings: {}, isExact: true });
    expect(order?.createdAt).toBeGreaterThan(Date.now() - 60_000);
    const [billing, shipping] = order?.groups ?? [];
    expect(billing).toMatchObject({
      group: 'billing',
      waiting: 0,
      inFlight: 2,
      scheduled: 1,
      dead: 1,
      consumers: [{ name: mq.consumer, pending: 2, isHere: true }],
      pausedAt: undefined,
      isRemoved: false,
    });
    expect(billing?.seenAt).toBeGreaterThan(Date.now() - 60_000);
    expect(shipping).toMatchObject({
      ...{ group: 'shipping', waiting: 4, inFlight: 0, scheduled: 0, dead: 0 },
      ...{ consumers: [], lag: 4 },
    });
    expect(await queue.info()).toMatchObject({ path: 'order/status', messages: 4, scheduled: 1 });
    finish.forEach((resolve) => resolve());
  });

  test('can show each dead-letter queue as a queue of its own', async () => {
    const mq = await broker.consume('/job', () => Promise.reject(new RejectError()), {
      group: 'g',
    });
    const dead = nextEvent(mq.events, 'deadLettered');
    await mq.publish('/job', 1);
    await dead;
    const listed = listWithDeadLetters(await mq.queues());
    expect(listed.map(({ name, isDlq, messages }) => [name, isDlq, messages])).toEqual([
      ['/job/', false, 1],
      ['/job/:dead:g', true, 1],
    ]);
    expect(listed[0]).toMatchObject({ dead: 1, groups: 1, consumers: 1, lag: 0, group: undefined });
    expect(listed[1]).toMatchObject({ path: 'job', group: 'g', dead: 1, inFlight: 0 });
  });

  test('includes a queue that was only sent to within a transaction', async () => {
    const mq = broker.mq();
    await mq.transaction((tx) => {
      tx.send('/first', 1);
      tx.send('/second', 2);
    });
    const paths = (await mq.queues()).map(({ path }) => path);
    expect(paths).toEqual(['first', 'second']);
  });

  test('counts for itself where Redis lost count after a deletion', async () => {
    const mq = broker.mq({ group: 'g' });
    await mq.queue('/gap').declareGroup('g');
    const ids: string[] = [];
    for (let n = 0; n < 20; n += 1) ids.push((await mq.publish('/gap', n)).id);
    const [first] = await mq.receive('/gap');
    await first?.ack();
    await broker.redis.xdel(broker.key('gap', 'log'), ids[5] ?? '', ids[6] ?? '');
    const [group] = (await mq.queue('/gap').info()).groups;
    expect(group).toMatchObject({ lag: undefined, waiting: 17 });
  });

  test('stops counting at a limit and says so; info() of one queue counts further', async () => {
    const mq = broker.mq({ group: 'g' });
    await mq.queue('/gap').declareGroup('g');
    const sent = await mq.publishMany(
      '/gap',
      Array.from({ length: 400 }, (_, data) => ({ data })),
    );
    const { id } = sent[200] as { id: string };
    await broker.redis.xdel(broker.key('gap', 'log'), id);
    const [listed] = await mq.queues();
    expect(listed).toMatchObject({ isExact: false, messages: 399 });
    expect(listed?.groups[0]?.waiting).toBeGreaterThanOrEqual(200);
    expect(await mq.queue('/gap').info()).toMatchObject({
      isExact: true,
      groups: [{ waiting: 399 }],
    });
  });

  test('survives a key of another type and shows the other queues', async () => {
    const mq = broker.mq();
    await mq.publish('/good', 1);
    await mq.publish('/bad', 1);
    await broker.redis.del(broker.key('bad', 'log'));
    await broker.redis.set(broker.key('bad', 'log'), 'x');
    await broker.redis.set(broker.key('bad', 'schedule'), 'x');
    expect((await mq.queues()).map(({ name, messages }) => [name, messages])).toEqual([
      ['/bad/', 0],
      ['/good/', 1],
    ]);
  });

  test('survives a consumer with an unreadable expiry and shows every queue', async () => {
    const mq = broker.mq();
    for (const path of ['/bad', '/good']) await mq.queue(path).declareGroup('g');
    await broker.redis.hset(broker.key('bad', 'here:g'), 'foreign', 'soon', 'another', '');
    expect((await mq.queues()).map(({ name }) => name)).toEqual(['/bad/', '/good/']);
    await expect(mq.queue('/bad').removeGroup('g')).resolves.toMatchObject({ dropped: 0 });
  });

  test('takes well under a second for 500 queues, with no command that scans all keys', async () => {
    // Its own server, because the test counts commands.
    const server = await RedisServer.start();
    const redis = await connectTo(server.url);
    const mq = broker.mq({ redis: server.url });
    const paths = Array.from({ length: 500 }, (_, index) => `/many/${index}`);
    await Promise.all(
      paths.map(async (path) => {
        await mq.queue(path).declareGroup('one');
        await mq.queue(path).declareGroup('two');
        for (let n = 0; n < 3; n += 1) await mq.publish(path, n);
      }),
    );
    await mq.queues();
    const [, before] = await commandCalls(redis);
    const startedAt = performance.now();
    const list = await mq.queues();
    const tookMs = performance.now() - startedAt;
    const [keys, after] = await commandCalls(redis);
    await mq.close();
    redis.disconnect();
    await server.stop();
    expect(list).toHaveLength(500);
    expect(list.every(({ groups }) => groups.every(({ waiting }) => waiting === 3))).toBe(true);
    expect(tookMs).toBeLessThan(800);
    expect(keys).toBe(0);
    // One call per queue, plus whatever this process does meanwhile.
    expect(after - before).toBeLessThan(600);
  });

  /** Returns the calls of KEYS and SCAN, and of scripts, so far. */
  async function commandCalls(redis: Redis): Promise<[keys: number, scripts: number]> {
    const stats = await redis.info('commandstats');
    const calls = (name: string): number =>
      Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
    return [calls('scan') + calls('keys'), calls('evalsha')];
  }
});

describe('a queue', () => {
  test('that does not exist is not created by mq.queue(), and every operation names its path and a remedy', async () => {
    const mq = broker.mq({ group: 'g' });
    const queue = mq.queue('/no/such');
    expect(await queue.exists()).toBe(false);
    const operations: (() => Promise<unknown>)[] = [
      () => queue.info(),
      () => queue.groups(),
      () => queue.delete(),
      () => queue.purge(),
      () => queue.purge({ allGroups: true }),
      () => queue.find('1-1'),
      () => queue.remove('1-1'),
      () => queue.remove('1-1', { allGroups: true }),
      () => queue.inFlight(),
      () => queue.pause(),
      () => queue.resume(),
      () => queue.configure({ maxLength: 1 }),
      () => queue.sweep(),
      () => queue.removeGroup('g'),
    ];
    for (const operation of operations) {
      const failure = operation();
      await expect(failure).rejects.toBeInstanceOf(NotFoundError);
      await expect(failure).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(failure).rejects.toThrow(/"\/no\/such\/".*(publish|declare)/i);
    }
    expect(await mq.queues()).toEqual([]);
    expect(await broker.redis.keys(`${broker.prefix}:{no/such}*`)).toEqual([]);
  });

  test('comes into being with a publish', async () => {
    const mq = broker.mq();
    await mq.publish('/new', 1);
    expect(await mq.queue('/new').exists()).toBe(true);
  });

  test('cannot have an invalid path', () => {
    const mq = broker.mq();
    for (const path of ['', '/', 'a\nb', 'x'.repeat(600)]) {
      expect(() => mq.queue(path)).toThrow(/webhook path/);
    }
  });

  test('refuses everything after its instance was closed', async () => {
    const mq = broker.mq({ group: 'g' });
    await mq.publish('/a', 1);
    const queue = mq.queue('/a');
    await mq.close();
    await expect(queue.info()).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(queue.deadLetters().list()).rejects.toMatchObject({ code: 'CLOSED' });
  });
});
