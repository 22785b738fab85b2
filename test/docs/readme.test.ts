import { readFile } from 'node:fs/promises';

import { afterAll, expect, test } from '@jest/globals';
import { LeanMQ } from '@leanmq/core';
import { LeanMQModule, WebhookPublisher } from '@leanmq/nestjs';
import { Test } from '@nestjs/testing';

import { eventually, nextEvent } from '../support/eventually.js';
import { connectTo, sharedRedisUrl } from '../support/redis.js';
import { RedisServer } from '../support/redis-server.js';
import { placeOrder } from './examples/durability.js';
import { report } from './examples/engine.js';
import { migrate, replayOutage } from './examples/operator.js';
import { Shipping, sendStatus, shipments } from './examples/short.js';

const servers: RedisServer[] = [];
afterAll(() => Promise.all(servers.map((server) => server.stop())));

const file = (name: string): Promise<string> => readFile(new URL(name, import.meta.url), 'utf8');

test.each([
  '../../README.md',
  '../../libs/core/README.md',
  '../../docs/guarantees.md',
  '../../docs/operations.md',
])(
  'every TypeScript example of %s is part of a file that is compiled and run here',
  async (name) => {
    const examples = (
      await Promise.all(
        ['short', 'nest', 'engine', 'durability', 'operator'].map((each) =>
          file(`examples/${each}.ts`),
        ),
      )
    ).join('\n');
    const blocks = [...(await file(name)).matchAll(/^```ts\n(.*?)^```/gms)].map(
      ([, code]) => code ?? '',
    );
    expect(blocks.length).toBeGreaterThan(0);
    for (const block of blocks) {
      for (const part of block.split(/\n\n(?=\S)/)) expect(examples).toContain(part.trim());
    }
  },
);

test('the short example delivers what another service sends', async () => {
  const server = await RedisServer.start();
  servers.push(server);
  const module = await Test.createTestingModule({
    imports: [LeanMQModule.forRoot({ redis: server.url, group: 'shipping' })],
    providers: [Shipping],
  }).compile();
  const app = await module.init();
  const acked = nextEvent(app.get(LeanMQ).events, 'acked');
  await sendStatus(app.get(WebhookPublisher));
  await acked;
  expect(shipments).toEqual(['ORD-1 shipped']);
  await app.close();
});

test('the Nest example does what the README says', async () => {
  const server = await RedisServer.start();
  servers.push(server);
  process.env['REDIS_URL'] = server.url;
  const { AppModule } = await import('./examples/nest.js');
  const module = await Test.createTestingModule({ imports: [AppModule] }).compile();
  const app = await module.init();
  const acked = nextEvent(app.get(LeanMQ).events, 'acked');
  const order = { orderId: 'ORD-1', status: 'shipped' };
  await app.get(WebhookPublisher).send('/order/status/', order);
  await acked;
  // A message may be delivered again; what its handler sent the first time is not sent twice.
  const again = nextEvent(app.get(LeanMQ).events, 'acked');
  await app.get(WebhookPublisher).send('/order/status/', order);
  await again;
  const redis = await connectTo(server.url);
  expect(await redis.xlen('leanmq:{inventory/update}:log')).toBe(1);
  const [[, fields] = ['', []]] = await redis.xrange('leanmq:{inventory/update}:log', '-', '+');
  expect(fields).toContain('{"orderId":"ORD-1","quantityChange":-1}');
  expect(await redis.xlen('leanmq:{notification}:log')).toBe(1);
  redis.disconnect();
  await app.close();
});

test('the engine example does what the README says', async () => {
  const server = await RedisServer.start();
  servers.push(server);
  const orders: string[] = [];
  await report(server.url, (orderId) => orders.push(orderId));
  expect(orders).toEqual(['ORD-1']);
  expect(server.url).not.toBe(sharedRedisUrl());
});

test('the durability example does what the page says', async () => {
  const config = { 'repl-diskless-sync-delay': '0' };
  const master = await RedisServer.start({ config });
  const replicaof = `127.0.0.1 ${master.port}`;
  const replica = await RedisServer.start({ config: { ...config, replicaof } });
  servers.push(master, replica);
  await using mq = new LeanMQ({ redis: master.url });
  await mq.publish('/warm', 1, { durability: { replicas: 1, timeoutMs: 20_000 } });
  const redis = await connectTo(master.url);
  replica.freeze();
  const placed = placeOrder(mq, 'ORD-1');
  // The second try has begun to wait for it.
  await eventually(async () =>
    (await redis.info('commandstats')).includes('cmdstat_wait:calls=2,'),
  );
  replica.thaw();
  await placed;
  expect(await redis.xlen('leanmq:{order/status}:log')).toBe(1);
  redis.disconnect();
});

test('the examples for operators do what the page says', async () => {
  const server = await RedisServer.start();
  servers.push(server);
  await using mq = new LeanMQ({ redis: server.url, group: 'billing', handlers: { attempts: 1 } });
  const got: unknown[] = [];
  let isDown = true;
  mq.handle('/pay', ({ data }) => {
    if (isDown) throw Object.assign(new Error('down'), { code: 'ECONNREFUSED' });
    got.push(data);
  });
  await mq.start();
  const dead = nextEvent(mq.events, 'deadLettered');
  await mq.publish('/pay', 1);
  await dead;
  isDown = false;
  expect(await replayOutage(mq, '/pay', 'billing')).toBe(1);
  await eventually(() => got.length === 1);
  const paused: unknown[] = [];
  await migrate(mq, '/pay', async () => {
    const { groups } = await mq.queue('/pay').info();
    paused.push(groups[0]?.pausedAt);
  });
  expect(paused).toEqual([expect.any(Number)]);
  expect((await mq.queue('/pay').info()).groups[0]?.pausedAt).toBeUndefined();
});
