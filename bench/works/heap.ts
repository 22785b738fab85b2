import { median } from '../measure/statistics.js';
import { consumeAll, PATH } from './consuming.js';
import { backlogOf, fill } from './fill.js';
import { MIB, perMessage } from './reading.js';
import type { Metric, Work } from './work.js';

const GROWTH: Metric = { unit: 'MiB grown', better: 'less' };
const SAMPLES = 20;

export const heap: Work = {
  id: 'heap',
  about: "growth of the consumer's resident set, its last quarter against its second",
  contestants: ['raw', 'core'],
  metrics: [GROWTH],
  targets: [{ contestant: 'core', unit: GROWTH.unit, atMost: 16 }],
  full: { messages: 1_000_000, warmUp: 200_000, concurrency: 64 },
  quick: { messages: 2_000, warmUp: 1_000, concurrency: 64 },
  roles: {
    fill: fill(backlogOf(PATH)),
    async consume(part) {
      const { messages, warmUp } = part.size;
      const every = Math.floor(messages / SAMPLES);
      const samples: number[] = [];
      const cost = await consumeAll(part, PATH, warmUp, messages, {
        work: 'nothing',
        onHandled(count) {
          if (count > warmUp && (count - warmUp) % every === 0)
            samples.push(process.memoryUsage.rss());
        },
      });
      const quarter = SAMPLES / 4;
      const early = median(samples.slice(quarter, 2 * quarter));
      const late = median(samples.slice(-quarter));
      return {
        values: { [GROWTH.unit]: (late - early) / MIB },
        cost: perMessage(messages, cost),
      };
    },
  },
  async run(stage) {
    await stage.play('fill');
    return stage.play('consume');
  },
};
