import { setTimeout as sleep } from 'node:timers/promises';

import { nowMs } from '../measure/clock.js';
import { sendOnSchedule } from '../measure/open-loop.js';
import { percentile } from '../measure/statistics.js';
import { makeOrder } from '../payload.js';
import { atMost } from './targets.js';
import { NOTHING, type Metric, type Role, type Size, type Target, type Work } from './work.js';

const P50: Metric = { unit: 'p50 ms', better: 'less' };
const P99: Metric = { unit: 'p99 ms', better: 'less' };

/** Between the warm-up and what is measured, so that nothing of the first is in the way of the second. */
const PAUSE_MS = 300;

function paths({ routes = 1 }: Size): string[] {
  return Array.from({ length: routes }, (_, index) => `route/${index}`);
}

const publish: Role = async ({ contestant, size, url }) => {
  const { messages, warmUp, perSecond = 1, warmUpPerSecond = perSecond } = size;
  const all = paths(size);
  // Spread without a pattern, and the same for everybody.
  const pathOf = (index: number): string =>
    all[(Math.imul(index + 1, 0x9e37_79b1) >>> 0) % all.length] as string;
  const publisher = await contestant.publisher(url);
  // Every path once, which may make it known to the server.
  for (const path of all) await publisher.publish(path, makeOrder(0));
  await sendOnSchedule(warmUp, warmUpPerSecond, (index) =>
    publisher.publish(pathOf(index), makeOrder(index)),
  );
  await sleep(PAUSE_MS);
  await sendOnSchedule(messages, perSecond, (index, dueAt) =>
    publisher.publish(pathOf(index), makeOrder(index, dueAt)),
  );
  await publisher.close();
  return NOTHING;
};

const consume: Role = async (part) => {
  const { name, contestant, size, url } = part;
  await contestant.prepare?.(url, paths(size));
  const latencies: number[] = [];
  let heardAll: () => void;
  const all = new Promise<void>((resolve) => (heardAll = resolve));
  const consumer = await contestant.consumer?.(url, {
    paths: paths(size),
    concurrency: 64,
    work: 'nothing',
    // eslint-disable-next-line @typescript-eslint/require-await -- a handler returns a promise
    async handle({ dueAt }) {
      if (dueAt === 0) return;
      latencies.push(nowMs() - dueAt);
      if (latencies.length === size.messages) heardAll();
    },
  });
  if (consumer === undefined) throw new Error(`${name} cannot be listened to.`);
  part.ready();
  await all;
  await consumer.close();
  return {
    values: {
      [P50.unit]: percentile(latencies, 0.5),
      [P99.unit]: percentile(latencies, 0.99),
    },
  };
};

const TWO_PROCESSES: Pick<Work, 'metrics' | 'roles' | 'run'> = {
  metrics: [P50, P99],
  roles: { publish, consume },
  async run(stage) {
    const consumer = stage.cast('consume');
    await consumer.ready;
    await stage.play('publish');
    return consumer.reading;
  },
};

function latency(id: string, full: Size, quick: Size, targets: readonly Target[]): Work {
  return {
    ...TWO_PROCESSES,
    ...{ id, full, quick, targets },
    about: `from when a publish was due to its handler in another process, at ${full['perSecond'] ?? ''}/s`,
    contestants: ['raw', 'core', 'nest', 'bullmq', 'nest-transport'],
    peers: ['nats', 'rabbitmq'],
  };
}

export const latency200 = latency(
  'latency-200',
  { messages: 3_000, warmUp: 10_000, perSecond: 200, warmUpPerSecond: 2_000 },
  { messages: 60, warmUp: 60, perSecond: 200, warmUpPerSecond: 500 },
  [atMost(P50.unit, 1.25, 'raw'), atMost(P50.unit, 0.6, 'bullmq'), atMost(P99.unit, 2, 'raw')],
);

export const latency5000 = latency(
  'latency-5000',
  { messages: 40_000, warmUp: 20_000, perSecond: 5_000 },
  { messages: 500, warmUp: 200, perSecond: 5_000, warmUpPerSecond: 1_000 },
  [atMost(P50.unit, 1.5, 'raw'), atMost(P99.unit, 2, 'raw')],
);

function routes(count: number, targets: readonly Target[] = []): Work {
  return {
    ...TWO_PROCESSES,
    ...{ id: `routes-${count}`, targets },
    about: `latency at 200/s over ${count} ${count === 1 ? 'route' : 'routes'} of one consumer`,
    contestants: ['raw', 'core', 'bullmq'],
    full: {
      ...{ messages: 2_000, warmUp: 10_000, routes: count },
      ...{ perSecond: 200, warmUpPerSecond: 2_000 },
    },
    quick: {
      ...{ messages: 40, warmUp: 40, routes: Math.min(count, 50) },
      ...{ perSecond: 200, warmUpPerSecond: 500 },
    },
  };
}

export const routes1 = routes(1);
export const routes10 = routes(10);
export const routes100 = routes(100);
export const routes500 = routes(500, [
  {
    ...{ contestant: 'core', unit: P50.unit, atMost: 1.5 },
    against: { contestant: 'core', work: 'routes-1' },
  },
]);
