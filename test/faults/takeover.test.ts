import { beforeAll, describe, expect, test } from '@jest/globals';
import type { LeanMQ } from '@leanmq/core';
import { Redis } from 'ioredis';

import { crashed } from '../support/crashed.js';
import { eventually, nextEvent } from '../support/eventually.js';
import { expectNoNewResources, openResources, type Resources } from '../support/leaks.js';
import { connectTo } from '../support/redis.js';
import type { RedisServer } from '../support/redis-server.js';
import { useFaultyRig } from '../support/server.js';

const rig = useFaultyRig();
const key = (path: string, what: string): string => `${rig.prefix}:{${path}}:${what}`;

let untouched: Resources;
beforeAll(async () => (untouched = await openResources()));

/** Matches the argument, not the text of a script that contains the word. */
const TAKE_SUSPECT = /\$7\r\nsuspect\r\n/;

interface Stale {
  readonly server: RedisServer;
  readonly publisher: LeanMQ;
  readonly ids: readonly string[];
}

/** Starts a server with messages on `/a` that a process of the group held when it died. */
async function startStale(times: number, count = 1): Promise<Stale> {
  const server = await rig.server();
  const publisher = rig.mq(server.url);
  publisher.handle('/a', () => undefined);
  // From here on, the server knows the group and the script.
  await publisher.processOnce();
  for (let n = 0; n < count; n += 1) await publisher.publish('/a', 'stale');
  const redis = await connectTo(server.url);
  const ids = await crashed({ redis, prefix: rig.prefix }, 'a', { times, count });
  redis.disconnect();
  return { server, publisher, ids };
}

describe('a takeover', () => {
  test.each([
    ['a stale delivery', 1],
    ['a suspect', 2],
  ])('of %s is not counted as a crash when its reply is lost', async (_, times) => {
    const { server } = await startStale(times);
    const proxy = await rig.proxy(server);
    const crashes: number[] = [];
    const mq = rig.mq(proxy.url);
    mq.handle('/a', (delivery) => void crashes.push(delivery.crashes));
    const fired = proxy.cutAfterReplyTo(times === 1 ? key('a', 'stale:g') : TAKE_SUSPECT);
    await mq.start();
    await fired;
    await eventually(() => crashes.length === 1);
    expect(crashes).toEqual([times]);
    expect(await mq.deadLetters('/a').count()).toBe(0);
  });

  test('by a pass is handled in that pass and not counted as a crash when its reply is lost', async () => {
    const { server } = await startStale(1);
    const proxy = await rig.proxy(server);
    const crashes: number[] = [];
    const mq = rig.mq(proxy.url);
    mq.handle('/a', (delivery) => void crashes.push(delivery.crashes));
    const fired = proxy.cutAfterReplyTo(key('a', 'stale:g'));
    expect(await mq.processOnce()).toMatchObject({ processed: 1 });
    await fired;
    expect(crashes).toEqual([1]);
  });

  test.each([
    ['whose reply was lost', TAKE_SUSPECT],
    ['that could not be begun with', /a suspect is about to be run/],
  ])('of a suspect %s does not run it beside others', async (_, command) => {
    const leaseMs = 500;
    const { server, publisher, ids } = await startStale(2);
    const [suspect] = ids as [string];
    const proxy = await rig.proxy(server);
    let running = 0;
    const besides: number[] = [];
    const mq = rig.mq(proxy.url, { leaseMs, handlers: { concurrency: 10 } });
    mq.handle('/a', async ({ data }) => {
      running += 1;
      await new Promise((resolve) => setTimeout(resolve, 20));
      running -= 1;
      if (data === 'stale') besides.push(running);
    });
    const fired = proxy.cutAfterReplyTo(command);
    await mq.start();
    // Neighbours are in flight all the time.
    const neighbours = setInterval(() => void publisher.publish('/a', 'neighbour'), 2);
    await fired;
    proxy.refuse();
    proxy.cut();
    const redis = await connectTo(server.url);
    const isStale = ['IDLE', leaseMs, suspect, suspect, 1] as const;
    await eventually(async () => {
      const pending = await redis.xpending(key('a', 'log'), 'g', ...isStale);
      return pending.length === 1;
    });
    redis.disconnect();
    proxy.accept();
    await eventually(() => besides.length > 0, { timeoutMs: 10_000 }).finally(() =>
      clearInterval(neighbours),
    );
    expect(besides).toEqual([0]);
  });

  test('of suspects leaves none behind when the connection breaks for longer than a lease before all have started', async () => {
    const leaseMs = 500;
    const { server } = await startStale(2, 2);
    const proxy = await rig.proxy(server);
    const handled = new Set<string>();
    const mq = rig.mq(proxy.url, { leaseMs });
    mq.handle('/a', ({ origin }) => void handled.add(origin));
    // Of the two replies, which come together, the first one arrives.
    const fired = proxy.cutAfterReplyTo('a suspect is about to be run', { half: true });
    await mq.start();
    await fired;
    proxy.refuse();
    proxy.cut();
    // The suspect whose reply was lost is given up when the lease has run out.
    await eventually(() => handled.size === 1);
    proxy.accept();
    await eventually(() => handled.size === 2 && mq.health().inFlight === 0, { timeoutMs: 15_000 });
  });

  test.each([
    ['in two crashes runs them together', 2, 8],
    ['in a third crash runs them alone', 3, 1],
  ])('of many messages that were %s, and nothing beside them', async (_, times, together) => {
    const { server, publisher } = await startStale(times, 8);
    const running: unknown[] = [];
    const seen: { suspects: number; others: number }[] = [];
    const mq = rig.mq(server.url, { handlers: { concurrency: 10 } });
    mq.handle('/a', async ({ data }) => {
      running.push(data);
      await new Promise((resolve) => setTimeout(resolve, 30));
      const suspects = running.filter((each) => each === 'stale').length;
      if (data === 'stale') seen.push({ suspects, others: running.length - suspects });
      running.splice(running.indexOf(data), 1);
    });
    await mq.start();
    const neighbours = setInterval(() => void publisher.publish('/a', 'neighbour'), 2);
    await eventually(() => seen.length === 8, { timeoutMs: 10_000 }).finally(() =>
      clearInterval(neighbours),
    );
    expect(Math.max(...seen.map(({ suspects }) => suspects))).toBe(together);
    expect(Math.max(...seen.map(({ others }) => others))).toBe(0);
  });

  test('of a suspect does not blame it while it has not started', async () => {
    const { server } = await startStale(2);
    const proxy = await rig.proxy(server);
    const gone = rig.mq(proxy.url);
    gone.handle('/a', () => undefined);
    const fired = proxy.cutAfterReplyTo(TAKE_SUSPECT);
    await gone.start();
    await fired;
    // As good as dead: this consumer never learns what it holds.
    proxy.refuse();
    const crashes: number[] = [];
    const mq = rig.mq(server.url);
    await mq.consume('/a', (delivery) => void crashes.push(delivery.crashes));
    await eventually(() => crashes.length === 1);
    expect(crashes).toEqual([2]);
    expect(await mq.deadLetters('/a').count()).toBe(0);
  });

  test('of a suspect whose handler never ends leaves nothing running after a stop', async () => {
    const { server, publisher } = await startStale(2);
    const mq = rig.mq(server.url, { drainTimeoutMs: 200 });
    mq.handle('/a', () => new Promise(() => undefined));
    const delivered = nextEvent(mq.events, 'delivered');
    await mq.start();
    await delivered;
    await Promise.all([mq.close(), publisher.close()]);
    await expectNoNewResources(untouched);
  });
});

describe('an idempotency key', () => {
  test('stays taken through an outage longer than the lease', async () => {
    const server = await rig.server();
    const proxy = await rig.proxy(server);
    const publisher = rig.mq(server.url);
    const begun: unknown[] = [];
    const mq = rig.mq(proxy.url, { handlers: { concurrency: 4 } });
    await mq.consume(
      '/a',
      ({ data }) => {
        begun.push(data);
        return new Promise(() => undefined);
      },
      { idempotent: () => 'one' },
    );
    await publisher.publish('/a', 'first');
    await eventually(() => begun.length === 1);
    proxy.refuse();
    proxy.cut();
    const redis = await connectTo(server.url);
    const marks = async (): Promise<string[]> =>
      (await redis.keys(`${rig.prefix}:*`)).filter((name) => name.endsWith(':one'));
    expect(await marks()).toHaveLength(1);
    await eventually(async () => (await marks()).length === 0);
    proxy.accept();
    await eventually(async () => (await marks()).length === 1);
    redis.disconnect();
    expect(begun).toEqual(['first']);
  });
});

describe("with ack: 'before'", () => {
  test('a delivery that another consumer took over while the ack could not be sent is not run', async () => {
    const server = await rig.server();
    const proxy = await rig.proxy(server);
    const publisher = rig.mq(server.url);
    const begun: unknown[] = [];
    const mq = rig.mq(proxy.url, { connect: 'fail' });
    await mq.consume('/a', ({ data }) => void begun.push(data), { ack: 'before' });
    let left = 3;
    mq.events.on('delivered', () => {
      left -= 1;
      // The acks of all three leave together and never arrive.
      if (left > 0) return;
      proxy.refuse();
      proxy.cut();
    });
    await publisher.transaction((tx) => {
      for (const n of [1, 2, 3]) tx.send('/a', n);
    });
    await eventually(() => left === 0);
    const redis = await connectTo(server.url);
    const log = key('a', 'log');
    const pending = (await redis.xpending(log, 'g', '-', '+', 10)) as [string][];
    expect(pending).toHaveLength(3);
    await redis.xclaim(log, 'g', 'other', 0, ...pending.map(([id]) => id));
    await redis.xack(log, 'g', ...pending.map(([id]) => id));
    proxy.accept();
    await eventually(() => mq.health().inFlight === 0);
    redis.disconnect();
    expect(begun).toEqual([]);
  });

  test('a delivery that another consumer handled before the ack could be sent is not run', async () => {
    const server = await rig.server();
    const proxy = await rig.proxy(server);
    const publisher = rig.mq(server.url);
    const begun: unknown[] = [];
    const leaseMs = 500;
    const mq = rig.mq(server.url, {
      leaseMs,
      // The waiting read continues without the connection for acks.
      redis: (role, options) => new Redis(role === 'command' ? proxy.url : server.url, options),
    });
    await mq.consume('/a', ({ data }) => void begun.push(data), { ack: 'before' });
    const redis = await connectTo(server.url);
    await eventually(async () => (await redis.info('clients')).includes('blocked_clients:1'));
    const late: boolean[] = [];
    mq.events.on('acked', ({ leaseLost }) => late.push(leaseLost));
    proxy.refuse();
    proxy.cut();
    await eventually(() => mq.health().connections.command === false);
    await publisher.transaction((tx) => {
      for (const n of [1, 2, 3]) tx.send('/a', n);
    });
    const log = key('a', 'log');
    // Only now may another consumer take it.
    const stale = ['IDLE', Math.ceil((leaseMs * 4) / 3), '-', '+', 10] as const;
    const pending = await eventually(async () => {
      const found = (await redis.xpending(log, 'g', ...stale)) as [string][];
      expect(found).toHaveLength(3);
      return found;
    });
    await redis.xclaim(log, 'g', 'other', 0, ...pending.map(([id]) => id));
    await redis.xack(log, 'g', ...pending.map(([id]) => id));
    redis.disconnect();
    proxy.accept();
    await eventually(() => mq.health().inFlight === 0 && late.length === 3);
    expect(begun).toEqual([]);
    expect(late).toEqual([true, true, true]);
  });
});
