import { describe, expect, test } from '@jest/globals';
import type { LeanMQEvents, WebhookDelivery } from '@leanmq/core';
import type { Redis } from 'ioredis';

import { eventually, nextEvent } from '../support/eventually.js';
import type { TcpProxy } from '../support/proxy.js';
import { connectTo, disconnect } from '../support/redis.js';
import { useFaultyRig } from '../support/server.js';

const rig = useFaultyRig();
const LOG = `${rig.prefix}:{a}:log`;

interface Run {
  readonly delivery: WebhookDelivery<string>;
  readonly succeed: () => void;
  readonly fail: (error: Error) => void;
}

/**
 * Leaves the state after a failover to a replica that was behind, as was its clock: the entry that the consumer holds
 * is gone, and another message has its id.
 */
async function giveIdAgain(redis: Redis, proxy: TcpProxy, id: string): Promise<void> {
  proxy.refuse();
  proxy.cut();
  await redis.del(LOG);
  await redis.xgroup('CREATE', LOG, 'g', '0', 'MKSTREAM');
  await redis.xadd(LOG, id, 'd', '"new"');
  proxy.accept();
}

describe('after a server gave the id of a held message to another one,', () => {
  test.each(['succeeds', 'fails'] as const)(
    'the new message is handled and not ended when the handler of the old one %s',
    async (how) => {
      const server = await rig.server();
      const proxy = await rig.proxy(server);
      const redis = await connectTo(server.url);
      const publisher = rig.mq(server.url);
      const runs = new Map<string, Run>();
      const consumer = rig.mq(proxy.url, { leaseMs: 60_000, handlers: { attempts: 1 } });
      const lost = nextEvent<LeanMQEvents['leaseLost'][0]>(consumer.events, 'leaseLost');
      await consumer.consume<string>(
        '/a',
        (delivery) =>
          new Promise<void>((succeed, fail) =>
            runs.set(delivery.data, { delivery, succeed, fail }),
          ),
      );
      const { id } = await publisher.publish('/a', 'old');
      await eventually(() => runs.has('old'));

      await giveIdAgain(redis, proxy, id);

      await eventually(() => runs.has('new'));
      expect((await lost).id).toBe(id);
      expect(runs.get('old')?.delivery.signal.aborted).toBe(true);
      if (how === 'succeeds') runs.get('old')?.succeed();
      else runs.get('old')?.fail(new Error('late'));
      // The next message is settled, so whatever was done for the old one has been done.
      const after = nextEvent<LeanMQEvents['acked'][0]>(consumer.events, 'acked');
      await publisher.publish('/a', 'after');
      await eventually(() => runs.has('after'));
      runs.get('after')?.succeed();
      await after;
      expect(await redis.xpending(LOG, 'g', id, id, 1)).toHaveLength(1);
      expect(await consumer.deadLetters('/a').count()).toBe(0);

      runs.get('new')?.succeed();
      await eventually(async () => ((await redis.xpending(LOG, 'g')) as [number])[0] === 0);
      disconnect(redis);
    },
  );

  test('a pulled delivery settles as lost, and the new message is pulled', async () => {
    const server = await rig.server();
    const proxy = await rig.proxy(server);
    const redis = await connectTo(server.url);
    const publisher = rig.mq(server.url);
    const mq = rig.mq(proxy.url, { leaseMs: 60_000 });
    const { id } = await publisher.publish('/a', 'old');
    const [old] = await mq.receive<string>('/a', { blockMs: 5_000 });
    await giveIdAgain(redis, proxy, id);
    await eventually(() => mq.health().status === 'up');
    const [again] = await mq.receive<string>('/a', { blockMs: 5_000 });
    expect(again?.data).toBe('new');
    expect(await old?.ack()).toBe('lease-lost');
    expect(await again?.ack()).toBe('settled');
    disconnect(redis);
  });
});

test('a delivery still pending for its consumer after an outage continues and is settled', async () => {
  const server = await rig.server({ appendonly: 'always' });
  const publisher = rig.mq(server.url);
  const consumer = rig.mq(server.url, { leaseMs: 60_000 });
  const runs: Run[] = [];
  await consumer.consume<string>(
    '/a',
    (delivery) => new Promise<void>((succeed, fail) => runs.push({ delivery, succeed, fail })),
  );
  await publisher.publish('/a', 'held');
  await eventually(() => runs.length === 1);
  await server.kill();
  await server.restart();
  await eventually(() => consumer.health().status === 'up');
  const acked = nextEvent<LeanMQEvents['acked'][0]>(consumer.events, 'acked');
  runs[0]?.succeed();
  expect((await acked).leaseLost).toBe(false);
  expect(runs).toHaveLength(1);
  expect(runs[0]?.delivery.signal.aborted).toBe(false);
});

describe('a publish whose reply was lost before the server lost its data', () => {
  test('is stored once in the new history, and so is what was sent after it', async () => {
    const server = await rig.server();
    const proxy = await rig.proxy(server);
    const redis = await connectTo(server.url);
    const publisher = rig.mq(proxy.url);
    await publisher.queue('/a').declareGroup('g');
    await publisher.publish('/a', 'before');
    proxy.dropReplies();
    const held = publisher.publish('/a', 'held');
    await eventually(async () => (await redis.xlen(LOG)) === 2);
    proxy.refuse();
    proxy.cut();
    await redis.flushall();
    proxy.dropReplies(0);
    const after = publisher.publish('/a', 'after');
    proxy.accept();
    const ids = (await Promise.all([held, after])).map(({ id }) => id);
    const entries = await redis.xrange(LOG, '-', '+');
    expect(entries.map(([id]) => id)).toEqual(ids);
    expect(entries.map(([, fields]) => fields.at(-1))).toEqual(['"held"', '"after"']);
    disconnect(redis);
  });
});
