import { expect, test } from '@jest/globals';

import { useBroker } from '../support/broker.js';
import { eventually } from '../support/eventually.js';

const broker = useBroker();

test('a process that stands still now and then never begins with more than its rate limit allows', async () => {
  const limit = { count: 5, perMs: 300 };
  const startedAt: number[] = [];
  const mq = broker.mq({ group: 'g', leaseMs: 10_000 });
  await mq.queue('/a').declareGroup('g');
  await mq.publishMany(
    '/a',
    Array.from({ length: 60 }, (_, data) => ({ data })),
  );
  const busy = setInterval(() => {
    const until = performance.now() + 230;
    while (performance.now() < until);
  }, 267);
  await mq.consume('/a', () => void startedAt.push(performance.now()), {
    concurrency: 50,
    rateLimit: limit,
  });
  await eventually(() => startedAt.length === 60, { timeoutMs: 20_000 });
  clearInterval(busy);
  const within = startedAt.map(
    (from) => startedAt.filter((at) => at >= from && at < from + limit.perMs).length,
  );
  expect(Math.max(...within)).toBeLessThanOrEqual(limit.count);
}, 30_000);
