import { afterEach, expect, test } from '@jest/globals';
import { LeanMQ } from '@leanmq/core';

import { QUICK } from '../support/broker.js';
import { eventually } from '../support/eventually.js';
import { SentinelSet } from '../support/sentinel.js';

let set: SentinelSet | undefined;
afterEach(() => set?.stop());

test('publishing and consuming continue through a Sentinel failover, without loss or duplicates of what was replicated', async () => {
  set = await SentinelSet.start();
  const redis = { sentinels: [{ host: '127.0.0.1', port: set.port }], name: 'mymaster' };
  const publisher = new LeanMQ({ ...QUICK, redis, group: 'p' });
  const consumer = new LeanMQ({ ...QUICK, redis, group: 'g' });
  const got = new Map<number, number>();
  await consumer.consume<number>('/a', ({ data }) => {
    got.set(data, (got.get(data) ?? 0) + 1);
  });
  const numbers = Array.from({ length: 400 }, (_, n) => n);
  const sends = numbers.map(async (n) => {
    await new Promise((resolve) => setTimeout(resolve, n * 10));
    await publisher.publish('/a', n, { messageId: `m-${n}` });
  });
  await eventually(() => got.size > 50);
  await set.master.kill();
  await Promise.all(sends);
  // The replica was in step except for what was on its way: only that much may be gone.
  await eventually(() => got.size >= numbers.length - 5, { timeoutMs: 15_000 });
  expect([...got.values()].filter((count) => count > 1).length).toBeLessThanOrEqual(5);
  await eventually(() => consumer.health().status === 'up');
  await Promise.all([publisher.close(), consumer.close()]);
});
