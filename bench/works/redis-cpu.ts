import { consuming, PATH } from './consuming.js';
import { publishInFlight } from './publish.js';
import { atMost } from './targets.js';
import type { Metric, Work } from './work.js';

const CPU: Metric = { unit: 'CPU s', better: 'less' };

export const redisCpu: Work = {
  id: 'redis-cpu',
  about: "Redis' CPU time to publish 100,000 messages and to consume them",
  contestants: ['raw', 'core', 'bullmq'],
  metrics: [CPU],
  targets: [atMost(CPU.unit, 1.5, 'raw'), atMost(CPU.unit, 0.2, 'bullmq')],
  full: { messages: 100_000, warmUp: 20_000, concurrency: 64 },
  quick: { messages: 2_000, warmUp: 1_000, concurrency: 64 },
  roles: {
    async publish(part) {
      // So that the messages are there for the group.
      await part.contestant.prepare?.(part.url, [PATH]);
      return publishInFlight(part);
    },
    consume: consuming({ work: 'nothing' }),
  },
  async run(stage) {
    const published = (await stage.play('publish')).cost?.redisCpuPer100k ?? NaN;
    const consumed = (await stage.play('consume')).cost?.redisCpuPer100k ?? NaN;
    const redisCpuPer100k = published + consumed;
    return { values: { [CPU.unit]: redisCpuPer100k }, cost: { redisCpuPer100k } };
  },
};
