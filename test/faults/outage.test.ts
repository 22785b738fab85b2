import { describe, expect, test } from '@jest/globals';
import type { LeanMQ, LeanMQEvents } from '@leanmq/core';

import { eventually, nextEvent } from '../support/eventually.js';
import { connectTo } from '../support/redis.js';
import { useFaultyRig } from '../support/server.js';

const rig = useFaultyRig();

/** Collects what a consumer reports of a path and must not report in an outage. */
function complaints(mq: LeanMQ, path: string): string[] {
  const told: string[] = [];
  for (const name of [
    'reclaimed',
    'leaseLost',
    'suspected',
    'deadLettered',
    'retried',
    'fault',
  ] as const) {
    mq.events.on(name, (event) => {
      if (!('path' in event) || event.path === path) {
        told.push(`${name} ${JSON.stringify(event)}`);
      }
    });
  }
  return told;
}

describe('an outage of Redis', () => {
  test('by kill and restart under load loses no acknowledged message when there is an AOF', async () => {
    const server = await rig.server({ appendonly: 'always' });
    const publisher = rig.mq(server.url);
    const consumer = rig.mq(server.url, { handlers: { concurrency: 50 } });
    const got = new Map<number, number>();
    await consumer.consume<number>('/a', async ({ data }) => {
      await new Promise((resolve) => setTimeout(resolve, 2));
      got.set(data, (got.get(data) ?? 0) + 1);
    });
    const acknowledged: number[] = [];
    const stopping = new AbortController();
    const load = (async () => {
      for (let n = 0; !stopping.signal.aborted; n += 1) {
        void publisher.publish('/a', n, { messageId: `m-${n}` }).then(() => acknowledged.push(n));
        if (n % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
      }
    })();
    for (let round = 0; round < 3; round += 1) {
      const before = acknowledged.length;
      await eventually(() => acknowledged.length > before + 200);
      await server.kill();
      await server.restart();
    }
    const before = acknowledged.length;
    await eventually(() => acknowledged.length > before + 200);
    stopping.abort();
    await load;
    await eventually(() => publisher.health().publishing === 0);
    await eventually(() => acknowledged.every((n) => got.has(n)), { timeoutMs: 15_000 });
    const redis = await connectTo(server.url);
    expect(await redis.xlen(`${rig.prefix}:{a}:log`)).toBeGreaterThan(0);
    redis.disconnect();
  });

  test('longer than the lease takes over nothing, blames nobody and runs each handler once', async () => {
    const server = await rig.server({ appendonly: 'always' });
    const finish: (() => void)[] = [];
    let takenOver = 0;
    // A third of the lease is longer than the longest pause between two attempts to connect.
    const leaseMs = 3_600;
    const proxy = await rig.proxy(server);
    const consumers = [rig.mq(proxy.url, { leaseMs }), rig.mq(proxy.url, { leaseMs })] as const;
    // An entry that nobody keeps alive: it goes stale together with the others.
    await consumers[0].queue('/left-behind').declareGroup('g');
    await consumers[0].publish('/left-behind', 1);
    const redis = await connectTo(server.url);
    const leftBehind = `${rig.prefix}:{left-behind}:log`;
    await redis.xreadgroup('GROUP', 'g', 'dead', 'STREAMS', leftBehind, '>');
    redis.disconnect();
    for (const mq of consumers) {
      mq.handle('/left-behind', () => void (takenOver += 1));
      await mq.consume('/a', () => new Promise<void>((resolve) => finish.push(resolve)));
    }
    const told = consumers.map((mq) => complaints(mq, 'a'));
    await Promise.all(Array.from({ length: 20 }, (_, n) => consumers[0].publish('/a', n)));
    await eventually(() => finish.length === 20);
    const lost = Promise.all(consumers.map((mq) => nextEvent(mq.events, 'connectionLost')));
    proxy.refuse();
    await server.kill();
    await lost;
    await server.restart();
    const restarted = await connectTo(server.url);
    const stale = ['IDLE', leaseMs, '-', '+', 20] as const;
    await eventually(
      async () => (await restarted.xpending(`${rig.prefix}:{a}:log`, 'g', ...stale)).length === 20,
    );
    restarted.disconnect();
    const back = Promise.all(consumers.map((mq) => nextEvent(mq.events, 'connectionRegained')));
    proxy.accept();
    await back;
    // The entries of the running handlers would have been taken over at the same time.
    await eventually(() => takenOver === 1);
    const acked: LeanMQEvents['acked'][0][] = [];
    for (const mq of consumers) {
      mq.events.on('acked', (event) => event.path === 'a' && acked.push(event));
    }
    finish.forEach((resolve) => resolve());
    await eventually(() => acked.length === 20);
    expect(told.flat()).toEqual([]);
    expect(finish).toHaveLength(20);
    expect(acked.every(({ attempt, leaseLost }) => attempt === 1 && !leaseLost)).toBe(true);
  });

  test('leaves what finished meanwhile to be acked afterwards, each run once', async () => {
    const server = await rig.server({ appendonly: 'always' });
    const mq = rig.mq(server.url);
    let runs = 0;
    let finish = (): void => undefined;
    await mq.consume('/a', () => {
      runs += 1;
      return new Promise<void>((resolve) => (finish = resolve));
    });
    const delivered = nextEvent(mq.events, 'delivered');
    await mq.publish('/a', 1);
    await delivered;
    await server.kill();
    finish();
    const acked = nextEvent(mq.events, 'acked');
    await server.restart();
    await acked;
    expect(runs).toBe(1);
    expect(mq.health().inFlight).toBe(0);
  });

  test('is reported once when the connection is lost and once when it is back', async () => {
    const server = await rig.server({ appendonly: 'always' });
    const proxy = await rig.proxy(server);
    const mq = rig.mq(proxy.url);
    await mq.consume('/a', () => undefined);
    await mq.publish('/a', 1);
    const told: string[] = [];
    mq.events.on('connectionLost', () => told.push('lost'));
    mq.events.on('connectionRegained', () => told.push('regained'));
    mq.events.on('fault', ({ where, error }) => told.push(`${where}: ${error.message}`));
    await server.kill();
    await eventually(() => mq.health().status === 'down');
    // Every connection keeps trying in vain.
    const { attempts } = proxy;
    await eventually(() => proxy.attempts > attempts + 6);
    await server.restart();
    await eventually(() => mq.health().status === 'up');
    await mq.publish('/a', 2);
    expect(told).toEqual(['lost', 'regained']);
  });

  test('can be waited for by many callers, and by the escape-hatch client', async () => {
    const server = await rig.server({ appendonly: 'always' });
    const mq = rig.mq(server.url);
    await mq.connect();
    await mq.redis.ping();
    const warnings: string[] = [];
    const listen = ({ message }: Error): void => void warnings.push(message);
    process.on('warning', listen);
    await server.kill();
    await eventually(() => mq.health().status === 'down');
    const letters = mq.deadLetters('/a');
    const waiting = Promise.all([
      mq.redis.ping(),
      ...Array.from({ length: 30 }, () => letters.count()),
    ]);
    await server.restart();
    expect(await waiting).toEqual(['PONG', ...Array.from({ length: 30 }, () => 0)]);
    process.off('warning', listen);
    expect(warnings).toEqual([]);
  });

  test('by freeze and thaw is survived: the work continues', async () => {
    const server = await rig.server();
    const mq = rig.mq(server.url);
    const got: unknown[] = [];
    await mq.consume('/a', ({ data }) => void got.push(data));
    await mq.publish('/a', 1);
    await eventually(() => got.length === 1);
    server.freeze();
    const waiting = mq.publish('/a', 2);
    await eventually(() => mq.health().status === 'down');
    server.thaw();
    await waiting;
    await eventually(() => got.length === 2, { timeoutMs: 10_000 });
    expect(got).toEqual([1, 2]);
  });

  test('at the start is waited for with connect: wait, and then the service starts', async () => {
    const server = await rig.server();
    await server.kill();
    const mq = rig.mq(server.url, { connect: 'wait' });
    const got: unknown[] = [];
    mq.handle('/a', ({ data }) => void got.push(data));
    await mq.start();
    const sent = mq.publish('/a', 'early');
    await server.restart();
    await sent;
    await eventually(() => got.length === 1);
  });
});

describe('a loss of data in Redis', () => {
  test.each(['FLUSHALL', 'DEL', 'XGROUP DESTROY'])(
    'by %s makes a running consumer create its group again and continue',
    async (how) => {
      const server = await rig.server();
      const redis = await connectTo(server.url);
      const mq = rig.mq(server.url);
      const got: unknown[] = [];
      await mq.consume('/a', ({ data }) => void got.push(data));
      const first = nextEvent(mq.events, 'acked');
      await mq.publish('/a', 'before');
      await first;
      const log = `${rig.prefix}:{a}:log`;
      if (how === 'FLUSHALL') await redis.flushall();
      else if (how === 'DEL') await redis.del(log, `${rig.prefix}:{a}:inbox:g`);
      else await redis.xgroup('DESTROY', log, 'g');
      // Published before the group exists again: it must not be skipped.
      await mq.publish('/a', 'after');
      await eventually(() => got.includes('after'));
      await eventually(async () => ((await redis.xinfo('GROUPS', log)) as unknown[]).length === 1);
      expect(mq.health().status).toBe('up');
      redis.disconnect();
    },
  );

  test('by SCRIPT FLUSH does not disturb publishing or consuming', async () => {
    const server = await rig.server();
    const redis = await connectTo(server.url);
    const mq = rig.mq(server.url);
    let done = 0;
    await mq.consume('/a', ({ attempt }) => {
      if (attempt === 1) throw new Error('no');
      done += 1;
    });
    for (let n = 0; n < 100; n += 1) {
      if (n % 10 === 0) await redis.script('FLUSH');
      await mq.publish('/a', n);
    }
    await eventually(() => done === 100);
    redis.disconnect();
  });
});
