import { expect, test } from '@jest/globals';

import { useBroker } from '../support/broker.js';
import { eventually, nextEvent } from '../support/eventually.js';

const broker = useBroker();
const ROUTES = 600;

async function clientsOf(group: string): Promise<number> {
  const list = String(await broker.redis.client('LIST'));
  return list.split('\n').filter((line) => line.includes(`name=leanmq:${group}:`)).length;
}

test('a process with hundreds of handlers opens at most twelve connections and delivers to each handler', async () => {
  const mq = broker.mq();
  const seen = new Set<string>();
  for (let index = 0; index < ROUTES; index += 1) {
    mq.handle(`/many/${index}`, ({ path }) => void seen.add(path));
  }
  await mq.start();
  // A handler added after the start joins an existing reader.
  mq.handle('/many/late', ({ path }) => void seen.add(path));
  expect(await clientsOf(broker.prefix)).toBeLessThanOrEqual(12);
  await Promise.all(
    Array.from({ length: ROUTES }, (_, index) => mq.publish(`/many/${index}`, index)),
  );
  await mq.publish('/many/late', 1);
  await eventually(() => expect(seen.size).toBe(ROUTES + 1));
  expect(await clientsOf(broker.prefix)).toBeLessThanOrEqual(12);
});

test('a delayed message is delivered in time after its publisher has gone, even on a queue that was idle before', async () => {
  const sweepMs = 300;
  const consumer = await broker.consume('/a', () => undefined, { sweepMs });
  // After a few sweeps that find nothing new, further sweeps of the route are put off.
  const looks = async (): Promise<number> => {
    const stats = await broker.redis.info('commandstats');
    return Number(/cmdstat_exists:calls=(\d+)/.exec(stats)?.[1] ?? 0);
  };
  const before = await looks();
  await eventually(async () => expect(await looks()).toBeGreaterThan(before + 3));
  const acked = nextEvent(consumer.events, 'acked');
  const publisher = broker.mq({ sweepMs });
  const dueAt = Date.now() + 500;
  await publisher.publish('/a', 1, { delayMs: 500 });
  await publisher.close();
  await acked;
  // A sweep that was put off would come twelve periods later.
  expect(Date.now() - dueAt).toBeLessThan(5 * sweepMs);
});
