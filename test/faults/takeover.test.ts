import { describe, expect, test } from '@jest/globals';

import { eventually, nextEvent } from '../support/eventually.js';
import { expectNoNewResources, openResources } from '../support/leaks.js';
import { connectTo } from '../support/redis.js';
import { useFaultyRig } from '../support/server.js';

const rig = useFaultyRig();
const key = (path: string, what: string): string => `${rig.prefix}:{${path}}:${what}`;

/** The argument, not the text of a script that speaks of them. */
const TAKE_SUSPECT = /\$7\r\nsuspect\r\n/;

/** Makes it look as if a process that died had had the first entries so many times. */
async function crashed(url: string, path: string, times: number, count = 1): Promise<void> {
  const redis = await connectTo(url);
  const log = key(path, 'log');
  const read = ['COUNT', count, 'STREAMS', log, '>'] as const;
  const reply = (await redis.xreadgroup('GROUP', 'g', 'dead', ...read)) as [
    string,
    [string, string[]][],
  ][];
  for (const [id] of reply[0]?.[1] ?? []) {
    await redis.xclaim(log, 'g', 'dead', 0, id, 'IDLE', 600_000, 'RETRYCOUNT', times);
    // Somebody has seen it long ago, so that the next look takes it over.
    await redis.hset(key(path, 'stale:g'), `log:${id}`, `dead ${times} 0`);
  }
  redis.disconnect();
}

describe('a takeover', () => {
  test.each([
    ['a stale delivery', 1],
    ['a suspect', 2],
  ])('of %s whose answer was lost is not counted as a crash', async (_, times) => {
    const server = await rig.server();
    const proxy = await rig.proxy(server);
    const publisher = rig.mq(server.url);
    publisher.handle('/a', () => undefined);
    // From now on the server knows the group, and the script.
    await publisher.processOnce();
    await publisher.publish('/a', 1);
    await crashed(server.url, 'a', times);
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

  test.each([
    ['whose answer was lost', TAKE_SUSPECT],
    ['that could not be begun with', /a suspect is about to be run/],
  ])('of a suspect %s does not run it among others', async (_, command) => {
    const server = await rig.server();
    const proxy = await rig.proxy(server);
    const publisher = rig.mq(server.url);
    publisher.handle('/a', () => undefined);
    await publisher.processOnce();
    await publisher.publish('/a', 'suspect');
    await crashed(server.url, 'a', 2);
    let running = 0;
    const besides: number[] = [];
    const mq = rig.mq(proxy.url, { leaseMs: 500, handlers: { concurrency: 10 } });
    mq.handle('/a', async ({ data }) => {
      running += 1;
      await new Promise((resolve) => setTimeout(resolve, 20));
      running -= 1;
      if (data === 'suspect') besides.push(running);
    });
    const fired = proxy.cutAfterReplyTo(command);
    await mq.start();
    // There are neighbours all the time.
    const neighbours = setInterval(() => void publisher.publish('/a', 'neighbour'), 2);
    await fired;
    proxy.refuse();
    proxy.cut();
    // Longer than its lease.
    await new Promise((resolve) => setTimeout(resolve, 700));
    proxy.accept();
    await eventually(() => besides.length > 0, { timeoutMs: 10_000 }).finally(() =>
      clearInterval(neighbours),
    );
    expect(besides).toEqual([0]);
  });

  test.each([
    ['in two crashes run together', 2, 8],
    ['in a third one run alone', 3, 1],
  ])('of many that were %s, and nothing beside them', async (_, times, together) => {
    const server = await rig.server();
    const publisher = rig.mq(server.url);
    publisher.handle('/a', () => undefined);
    await publisher.processOnce();
    for (let n = 0; n < 8; n += 1) await publisher.publish('/a', 'suspect');
    await crashed(server.url, 'a', times, 8);
    const running: unknown[] = [];
    const seen: { suspects: number; others: number }[] = [];
    const mq = rig.mq(server.url, { handlers: { concurrency: 10 } });
    mq.handle('/a', async ({ data }) => {
      running.push(data);
      await new Promise((resolve) => setTimeout(resolve, 30));
      const suspects = running.filter((each) => each === 'suspect').length;
      if (data === 'suspect') seen.push({ suspects, others: running.length - suspects });
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

  test('of a suspect blames it for nothing as long as it was not begun with', async () => {
    const server = await rig.server();
    const proxy = await rig.proxy(server);
    const publisher = rig.mq(server.url);
    publisher.handle('/a', () => undefined);
    await publisher.processOnce();
    await publisher.publish('/a', 'suspect');
    await crashed(server.url, 'a', 2);
    const gone = rig.mq(proxy.url);
    gone.handle('/a', () => undefined);
    const fired = proxy.cutAfterReplyTo(TAKE_SUSPECT);
    await gone.start();
    await fired;
    // As good as dead: it never learns what it has.
    proxy.refuse();
    const crashes: number[] = [];
    const mq = rig.mq(server.url);
    await mq.consume('/a', (delivery) => void crashes.push(delivery.crashes));
    await eventually(() => crashes.length === 1);
    expect(crashes).toEqual([2]);
    expect(await mq.deadLetters('/a').count()).toBe(0);
  });

  test('of a suspect whose handler never ends leaves nothing running after a stop', async () => {
    const server = await rig.server();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const before = await openResources();
    const mq = rig.mq(server.url, { drainTimeoutMs: 200 });
    mq.handle('/a', () => new Promise(() => undefined));
    const publisher = rig.mq(server.url);
    publisher.handle('/a', () => undefined);
    await publisher.start();
    await publisher.stop();
    await publisher.publish('/a', 1);
    await crashed(server.url, 'a', 2);
    const delivered = nextEvent(mq.events, 'delivered');
    await mq.start();
    await delivered;
    await Promise.all([mq.close(), publisher.close()]);
    await expectNoNewResources(before);
  });
});

describe('an idempotency key', () => {
  test('stays taken through an outage that is longer than the lease', async () => {
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

describe("ack: 'before'", () => {
  test('what another has taken over while the ack could not be sent is not run', async () => {
    const server = await rig.server();
    const proxy = await rig.proxy(server);
    const publisher = rig.mq(server.url);
    const begun: unknown[] = [];
    const mq = rig.mq(proxy.url, { connect: 'fail' });
    await mq.consume('/a', ({ data }) => void begun.push(data), { ack: 'before' });
    let left = 3;
    mq.events.on('delivered', () => {
      left -= 1;
      // The acks of all three go together, and do not arrive.
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
});
