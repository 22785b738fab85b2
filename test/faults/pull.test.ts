import { describe, expect, test } from '@jest/globals';

import { eventually } from '../support/eventually.js';
import { expectNoNewResources, openResources } from '../support/leaks.js';
import { connectTo } from '../support/redis.js';
import type { RedisServer } from '../support/redis-server.js';
import { useFaultyRig } from '../support/server.js';
import { within } from '../support/within.js';

const rig = useFaultyRig();

const LOG = `${rig.prefix}:{a}:log`;
// Reads of the log only: a pass reads the inbox first.
const LOG_READ = new RegExp(
  `xreadgroup[^]*STREAMS\\r\\n\\$\\d+\\r\\n${LOG.replace(/[{}]/g, '\\$&')}\\r\\n`,
  'i',
);

async function lose(how: string, server: RedisServer): Promise<void> {
  const redis = await connectTo(server.url);
  if (how === 'FLUSHALL') await redis.flushall();
  else if (how === 'DEL') await redis.del(LOG, `${rig.prefix}:{a}:inbox:g`);
  else await redis.xgroup('DESTROY', LOG, 'g');
  redis.disconnect();
}

describe('after a loss of data in Redis', () => {
  describe.each(['FLUSHALL', 'DEL', 'XGROUP DESTROY'])('by %s', (how) => {
    test('a receive does not skip what was published before it', async () => {
      const server = await rig.server();
      const mq = rig.mq(server.url, { startFrom: 'latest' });
      await mq.publish('/a', 'past');
      expect(await mq.receive('/a')).toEqual([]);
      await lose(how, server);
      await mq.publish('/a', 'after');
      const got = await mq.receive('/a', { count: 9 });
      expect(got.map(({ data }) => data)).toContain('after');
    });

    test('a pass does not skip what was published before it', async () => {
      const server = await rig.server();
      const mq = rig.mq(server.url, { startFrom: 'latest' });
      const got: unknown[] = [];
      mq.handle('/a', ({ data }) => void got.push(data));
      await mq.processOnce();
      await lose(how, server);
      await mq.publish('/a', 'after');
      await mq.processOnce();
      expect(got).toEqual(['after']);
    });
  });

  test('a receiver leaves no timer behind', async () => {
    const server = await rig.server();
    const before = await openResources();
    const mq = rig.mq(server.url);
    await mq.receive('/a');
    await lose('XGROUP DESTROY', server);
    await mq.receive('/a');
    await mq.close();
    await expectNoNewResources(before);
  });
});

describe('a receiver', () => {
  test('that is closed while its group is being created leaves no timer behind', async () => {
    const server = await rig.server();
    const proxy = await rig.proxy(server);
    const redis = await connectTo(server.url);
    const before = await openResources();
    const mq = rig.mq(proxy.url);
    await mq.connect();
    proxy.delay(100);
    const receiving = mq.receive('/a').catch((error: unknown) => error);
    await eventually(() => redis.exists(LOG).then(Boolean), { everyMs: 1 });
    await mq.close();
    proxy.delay(0);
    expect(await receiving).toMatchObject({ code: 'CLOSED' });
    redis.disconnect();
    await eventually(() => proxy.connections === 0);
    await expectNoNewResources(before);
  });

  test('is given nothing from the moment it pauses its group, however long a look at the registry takes', async () => {
    const server = await rig.server();
    const proxy = await rig.proxy(server);
    const mq = rig.mq(proxy.url);
    await mq.receive('/a');
    await rig.mq(server.url).publish('/a', 1);
    // A look is nearly always under way at that moment.
    proxy.delay(240);
    await mq.queue('/a').pause();
    proxy.delay(0);
    expect(await mq.receive('/a')).toEqual([]);
  });

  test('that loses the reply of a read gets the messages at once, as a first attempt, no more than asked for', async () => {
    const server = await rig.server();
    const proxy = await rig.proxy(server);
    const publisher = rig.mq(server.url);
    const mq = rig.mq(proxy.url, { leaseMs: 60_000 });
    await mq.receive('/a');
    for (let n = 1; n <= 3; n += 1) await publisher.publish('/a', n);
    const fired = proxy.cutAfterReplyTo(LOG_READ);
    const got = await within(4_000, mq.receive('/a', { count: 2 }));
    await fired;
    expect(got.map(({ data, attempt, crashes }) => [data, attempt, crashes])).toEqual([
      [1, 1, 0],
      [2, 1, 0],
    ]);
    expect(await publisher.queue('/a').inFlight()).toHaveLength(2);
    for (const each of got) expect(await each.ack()).toBe('settled');
    expect(await mq.receive('/a', { count: 9 })).toMatchObject([{ data: 3 }]);
  });

  test('that loses the reply of a waiting read gets what it held', async () => {
    const server = await rig.server();
    const proxy = await rig.proxy(server);
    const publisher = rig.mq(server.url);
    const mq = rig.mq(proxy.url, { leaseMs: 60_000 });
    await mq.receive('/a');
    const fired = proxy.cutAfterReplyTo(/xreadgroup[^]*block/i);
    const waiting = mq.receive('/a', { blockMs: 4_000 });
    await publisher.publish('/a', 1);
    await fired;
    expect(await within(3_000, waiting)).toMatchObject([{ data: 1, attempt: 1, crashes: 0 }]);
  });
});

describe('a pass', () => {
  test('that loses the reply of a read handles the messages itself, as a first attempt, no more than asked for', async () => {
    const server = await rig.server();
    const proxy = await rig.proxy(server);
    const publisher = rig.mq(server.url);
    const got: unknown[] = [];
    const mq = rig.mq(proxy.url, { leaseMs: 60_000 });
    mq.handle('/a', ({ data, attempt, crashes }) => void got.push([data, attempt, crashes]));
    for (let n = 1; n <= 3; n += 1) await publisher.publish('/a', n);
    const fired = proxy.cutAfterReplyTo(LOG_READ);
    expect(await within(4_000, mq.processOnce({ count: 2 }))).toMatchObject({ processed: 2 });
    await fired;
    expect(got).toEqual([
      [1, 1, 0],
      [2, 1, 0],
    ]);
    expect(await mq.processOnce()).toMatchObject({ processed: 1 });
  });

  test('that loses the reply of a read leaves alone what another pass of the same process runs', async () => {
    const server = await rig.server();
    const proxy = await rig.proxy(server);
    const publisher = rig.mq(server.url);
    const got: unknown[] = [];
    const finish: (() => void)[] = [];
    const mq = rig.mq(proxy.url, { leaseMs: 60_000 });
    mq.handle('/a', async ({ data }) => {
      got.push(data);
      if (data === 1) await new Promise<void>((resolve) => finish.push(resolve));
    });
    await publisher.publish('/a', 1);
    const first = mq.processOnce({ count: 1 });
    await eventually(() => finish.length === 1);
    await publisher.publish('/a', 2);
    const fired = proxy.cutAfterReplyTo(LOG_READ);
    expect(await within(4_000, mq.processOnce())).toMatchObject({ processed: 1 });
    await fired;
    finish.forEach((each) => each());
    expect(await first).toMatchObject({ processed: 1 });
    expect(got).toEqual([1, 2]);
  });
});
