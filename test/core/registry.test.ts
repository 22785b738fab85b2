import { describe, expect, it, test } from '@jest/globals';
import type { LeanMQ } from '@leanmq/core';

import { useBroker } from '../support/broker.js';
import { eventually, nextEvent } from '../support/eventually.js';
import { RedisServer } from '../support/redis-server.js';
import { connectTo, disconnect } from '../support/redis.js';
import { QUICK } from '../support/broker.js';

const broker = useBroker();

/** Writes fields by hand, as another version would, and counts the change. */
async function write(fields: Readonly<Record<string, string>>): Promise<void> {
  const key = `${broker.prefix}:routes`;
  await broker.redis.multi().hset(key, fields).hincrby(key, 'version', 1).exec();
}

async function fieldsOfRegistry(): Promise<string[]> {
  return (await broker.redis.hkeys(`${broker.prefix}:routes`)).sort();
}

function warningsOf(mq: LeanMQ): string[] {
  const codes: string[] = [];
  mq.events.on('warning', ({ code, message }) => codes.push(`${code} ${message}`));
  return codes;
}

describe('a field of the registry that this version does not understand', () => {
  test.each([
    ['setting:maxLength:other', 'v2:1000'],
    ['setting:deadLetters:other', 'null'],
    ['setting:retention:other', '{"bytes":1000000}'],
    ['setting:colour:other', '"blue"'],
    ['kind-of-later:other', 'x'],
    ['route:', '1'],
  ])(
    'is ignored with one warning, and all other fields are read: %s = %s',
    async (field, value) => {
      const mq = await broker.consume('/a', () => undefined);
      const warnings = warningsOf(mq);
      await write({ [field]: value, [`${field}2`]: value });
      await eventually(() => expect(warnings).toHaveLength(1));
      expect(warnings[0]).toMatch(/^REGISTRY_FIELD .*ignores/);
      await mq.queue('/a').pause();
      await mq.queue('/a').resume();
      const acked = nextEvent(mq.events, 'acked');
      const other = broker.mq();
      await other.publish('/a', 1);
      await acked;
      expect(warnings).toHaveLength(1);
    },
  );
});

describe('a registry', () => {
  it('of a newer format keeps a process from starting, and the error says why', async () => {
    await write({ format: '2' });
    await expect(broker.mq().publish('/a', 1)).rejects.toMatchObject({
      code: 'REGISTRY_FORMAT',
      retryable: false,
      message: expect.stringMatching(/format "2".*knows format 1/),
    });
  });

  it('of a newer format is a fault, reported once, for a process that is already running', async () => {
    const mq = await broker.consume('/a', () => undefined);
    const faults: string[] = [];
    mq.events.on('fault', ({ where, error }) => faults.push(`${where}: ${error.message}`));
    const fault = nextEvent(mq.events, 'fault');
    await write({ format: '2' });
    expect(await fault).toMatchObject({ where: 'registry', error: { code: 'REGISTRY_FORMAT' } });
    await write({ 'setting:maxLength:a': '5' });
    const acked = nextEvent(mq.events, 'acked');
    await mq.publish('/a', 1);
    await acked;
    expect(faults).toHaveLength(1);
  });

  it('notes its format with the first change', async () => {
    await broker.mq().publish('/a', 1);
    await eventually(async () =>
      expect(await broker.redis.hget(`${broker.prefix}:routes`, 'format')).toBe('1'),
    );
  });
});

describe('after the server has lost its data,', () => {
  it('running publishers and consumers register their queues and groups again', async () => {
    const server = await RedisServer.start();
    const admin = await connectTo(server.url);
    const { LeanMQ } = await import('@leanmq/core');
    await using publisher = new LeanMQ({ ...QUICK, redis: server.url });
    await using consumer = new LeanMQ({ ...QUICK, redis: server.url, group: 'g' });
    await consumer.consume('/a', () => undefined);
    await publisher.publish('/a', 1);
    await publisher.publish('/b', 1);
    await eventually(async () => expect(await admin.hlen('leanmq:routes')).toBe(6));
    // As after a failover to a replica that is behind: the streams exist, but the registry does not list them.
    await admin.del('leanmq:routes');
    await eventually(async () =>
      expect(await admin.hkeys('leanmq:routes')).toEqual(
        expect.arrayContaining(['route:a', 'route:b', 'group:g:a']),
      ),
    );
    await admin.flushall();
    await eventually(async () =>
      expect(await admin.hkeys('leanmq:routes')).toEqual(
        expect.arrayContaining(['route:a', 'route:b', 'group:g:a']),
      ),
    );
    const acked = nextEvent(consumer.events, 'acked');
    await publisher.publish('/a', 2);
    await acked;
    disconnect(admin);
    await Promise.all([publisher.close(), consumer.close()]);
    await server.stop();
  });
});

describe('a change of the registry', () => {
  it('by a process of an older version, which makes no note, is heard', async () => {
    const mq = await broker.consume('/a', () => undefined);
    await mq.publish('/b', 1);
    await write({ [`paused:${broker.prefix}:a`]: '5' });
    await eventually(async () => {
      const [group] = await mq.queue('/a').groups();
      expect(group).toMatchObject({ pausedAt: 5 });
    });
    await mq.publish('/c', 1);
    await mq.queue('/c').configure({ maxLength: 1 });
    await expect(mq.publish('/c', 2)).rejects.toMatchObject({ code: 'ROUTE_FULL' });
  });

  it('costs each process only what has changed, not the whole registry', async () => {
    const server = await RedisServer.start();
    const admin = await connectTo(server.url);
    const { LeanMQ } = await import('@leanmq/core');
    const mqs = Array.from({ length: 6 }, () => new LeanMQ({ ...QUICK, redis: server.url }));
    const [publisher] = mqs as [LeanMQ];
    await publisher.publish('/first', 1);
    const many = Array.from({ length: 5_000 }, (_, index) => [`route:service/area/${index}`, '1']);
    await admin.hset('leanmq:routes', Object.fromEntries(many) as Record<string, string>);
    await Promise.all(mqs.map((mq) => mq.connect()));
    const sent = async (): Promise<number> =>
      Number(/total_net_output_bytes:(\d+)/.exec(await admin.info('stats'))?.[1]);
    const before = await sent();
    for (let index = 0; index < 10; index += 1) {
      await publisher.publish(`/order/${index}`, 1);
      for (const mq of mqs) await mq.queue(`/order/${index}`).configure({ maxLength: 1 });
    }
    // The whole registry is 200 kB: 12 MB if each process read it at each of these changes.
    expect((await sent()) - before).toBeLessThan(2_000_000);
    await Promise.all(mqs.map((mq) => mq.close()));
    disconnect(admin);
    await server.stop();
  });
});

describe('the tombstone of a queue', () => {
  it('is not stored in the registry where nobody had subscribed, and a publish removes it', async () => {
    const publisher = broker.mq();
    const operator = broker.mq();
    await publisher.publish('/a', 1);
    await operator.queue('/a').delete();
    expect(await fieldsOfRegistry()).toEqual(['format', 'stamp', 'version']);
    expect(await operator.queues()).toMatchObject([{ path: 'a', deletedAt: expect.any(Number) }]);
    await publisher.publish('/a', 2);
    await eventually(async () =>
      expect(await operator.queues()).toMatchObject([{ path: 'a', deletedAt: undefined }]),
    );
  });
});
