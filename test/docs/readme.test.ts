import { readFile } from 'node:fs/promises';

import { afterAll, expect, test } from '@jest/globals';
import { LeanMQ } from '@leanmq/core';
import { Test } from '@nestjs/testing';

import { nextEvent } from '../support/eventually.js';
import { connectTo, sharedRedisUrl } from '../support/redis.js';
import { RedisServer } from '../support/redis-server.js';
import { report } from './examples/engine.js';

const servers: RedisServer[] = [];
afterAll(() => Promise.all(servers.map((server) => server.stop())));

const file = (name: string): Promise<string> => readFile(new URL(name, import.meta.url), 'utf8');

test.each(['../../README.md', '../../libs/core/README.md'])(
  'every TypeScript example of %s is part of a file that is compiled and run here',
  async (name) => {
    const examples = (
      await Promise.all(['nest', 'engine'].map((each) => file(`examples/${each}.ts`)))
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

test('the Nest example does what the README says', async () => {
  const server = await RedisServer.start();
  servers.push(server);
  process.env['REDIS_URL'] = server.url;
  const { AppModule, Shop } = await import('./examples/nest.js');
  const module = await Test.createTestingModule({
    imports: [AppModule],
    providers: [Shop],
  }).compile();
  const app = await module.init();
  const acked = nextEvent(app.get(LeanMQ).events, 'acked');
  await app.get(Shop).ship('ORD-1');
  await acked;
  const redis = await connectTo(server.url);
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
