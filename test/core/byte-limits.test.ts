import { describe, expect, test } from '@jest/globals';

import { useBroker } from '../support/broker.js';
import { crashed } from '../support/crashed.js';
import { eventually } from '../support/eventually.js';
import { connectTo, disconnect } from '../support/redis.js';
import { useFaultyRig } from '../support/server.js';

const broker = useBroker();
const rig = useFaultyRig();
const KIB = 1024;
const large = { text: 'x'.repeat(64 * KIB) };

describe('a process limits the bytes it takes in', () => {
  test('when it reads ahead of handlers that were fast and have become slow', async () => {
    const [lookaheadBytes, replyBytes] = [1_024 * KIB, 256 * KIB];
    const mq = broker.mq({ group: 'g', lookaheadBytes, replyBytes });
    await mq.queue('/a').declareGroup('g');
    await mq.publishMany(
      '/a',
      Array.from({ length: 200 }, () => ({ data: large })),
    );
    let runs = 0;
    let open: () => void = () => undefined;
    const opened = new Promise<void>((resolve) => (open = resolve));
    const concurrency = 4;
    await mq.consume('/a', () => ((runs += 1) > 100 ? opened : undefined), { concurrency });
    await eventually(() => runs === 100 + concurrency);
    const redisHolds = async (): Promise<number> =>
      ((await broker.redis.xpending(broker.key('a', 'log'), 'g')) as [number])[0];
    const most = concurrency + (lookaheadBytes + replyBytes) / (64 * KIB);
    expect(await redisHolds()).toBeLessThanOrEqual(most);
    expect(mq.health().inFlight).toBeLessThanOrEqual(most);
    open();
    await eventually(() => runs === 200);
  });

  test('when it takes over what other consumers left behind', async () => {
    const mq = broker.mq({ group: 'g', leaseMs: 900 });
    await mq.queue('/a').declareGroup('g');
    await mq.publishMany(
      '/a',
      Array.from({ length: 80 }, () => ({ data: large })),
    );
    await crashed(broker, 'a', { times: 1, count: 80 });
    const counts: number[] = [];
    mq.events.on('reclaimed', ({ count }) => counts.push(count));
    let runs = 0;
    await mq.consume('/a', () => void (runs += 1), { concurrency: 100 });
    await eventually(() => runs === 80);
    expect(Math.max(...counts) * 64 * KIB).toBeLessThanOrEqual(KIB * KIB);
  });
});

test('a takeover by one process reads each delivery a few times, not once per free slot', async () => {
  const count = 3_000;
  const server = await rig.server();
  const redis = await connectTo(server.url);
  const mq = rig.mq(server.url, { leaseMs: 900 });
  await mq.queue('/a').declareGroup('g');
  for (let from = 0; from < count; from += 500) {
    await mq.publishMany(
      '/a',
      Array.from({ length: 500 }, (_, at) => ({ data: from + at })),
    );
  }
  const place = { redis, prefix: rig.prefix };
  await crashed(place, 'a', { times: 1, count });
  await redis.config('RESETSTAT');
  const seen = new Set<number>();
  await mq.consume<number>('/a', ({ data }) => void seen.add(data), { concurrency: 4 });
  await eventually(() => seen.size === count, { timeoutMs: 15_000 });
  const stats = await redis.info('commandstats');
  const looks = Number(/cmdstat_hget:calls=(\d+)/.exec(stats)?.[1]);
  expect(looks).toBeLessThan(10 * count);
  disconnect(redis);
});
