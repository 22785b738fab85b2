import { setTimeout as sleep } from 'node:timers/promises';

import type { Metric, Work } from './work.js';

const COMMANDS: Metric = { unit: 'commands/s', better: 'less' };
const CLIENT: Metric = { unit: '% CPU of the consumer', better: 'less' };
const REDIS: Metric = { unit: '% CPU of Redis', better: 'less' };

export const idle: Work = {
  id: 'idle',
  about: 'a consumer of 100 routes with nothing to do',
  contestants: ['raw', 'core', 'bullmq'],
  metrics: [COMMANDS, CLIENT, REDIS],
  targets: [
    { contestant: 'core', unit: COMMANDS.unit, atMost: 5 },
    { contestant: 'core', unit: CLIENT.unit, atMost: 1 },
    { contestant: 'core', unit: REDIS.unit, atMost: 1 },
  ],
  full: { messages: 0, warmUp: 0, routes: 100, settleMs: 5_000, watchMs: 30_000 },
  quick: { messages: 0, warmUp: 0, routes: 100, settleMs: 500, watchMs: 1_000 },
  roles: {
    async consume({ name, contestant, size, url, meter }) {
      const { routes = 1, settleMs = 0, watchMs = 0 } = size;
      const paths = Array.from({ length: routes }, (_, index) => `route/${index}`);
      await contestant.prepare?.(url, paths);
      const consumer = await contestant.consumer?.(url, {
        ...{ paths, concurrency: 16, work: 'nothing' as const },
        handle: () => Promise.resolve(),
      });
      if (consumer === undefined) throw new Error(`${name} keeps nothing to consume.`);
      await sleep(settleMs);
      meter.start();
      await sleep(watchMs);
      const { elapsedMs, clientCpuS, redisCpuS, commands } = await meter.end();
      await consumer.close();
      const seconds = elapsedMs / 1_000;
      return {
        values: {
          [COMMANDS.unit]: commands / seconds,
          [CLIENT.unit]: (100 * clientCpuS) / seconds,
          [REDIS.unit]: (100 * redisCpuS) / seconds,
        },
      };
    },
  },
  run: (stage) => stage.play('consume'),
};
