import { expect, test } from '@jest/globals';

import { useBroker } from '../support/broker.js';
import { eventually, nextEvent } from '../support/eventually.js';
import { TcpProxy } from '../support/proxy.js';

const broker = useBroker();

test('a process that stalls now and then never starts more than its rate limit allows', async () => {
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

test('a permit whose reply came too late is not lost for the whole period of the limit', async () => {
  const proxy = await TcpProxy.start(Number(new URL(broker.url).port));
  const mq = broker.mq({ group: 'g', redis: proxy.url, leaseMs: 10_000 });
  const handled = nextEvent(mq.events, 'acked');
  await mq.publish('/a', 1);
  mq.handle('/a', () => undefined, { rateLimit: { count: 1, perMs: 60_000 } });
  // Longer than a permit is usable at first.
  proxy.delay(60);
  await mq.start();
  await handled;
  const key = broker.key('a', 'rate:g');
  expect(await broker.redis.zcard(key)).toBe(1);
  await mq.close();
  await proxy.stop();
}, 20_000);
