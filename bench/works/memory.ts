import { inFlight } from '../measure/in-flight.js';
import { makeOrder } from '../payload.js';
import { PATH } from './consuming.js';
import { atMost } from './targets.js';
import type { Metric, Work } from './work.js';

const WAITING: Metric = { unit: 'bytes/message', better: 'less' };

export const memory: Work = {
  id: 'memory',
  about: "Redis' memory for each waiting message, payload included",
  contestants: ['raw', 'core', 'bullmq'],
  metrics: [WAITING],
  targets: [atMost(WAITING.unit, 1.1, 'raw'), atMost(WAITING.unit, 0.3, 'bullmq')],
  full: { messages: 100_000, warmUp: 1_000 },
  quick: { messages: 2_000, warmUp: 1_000 },
  roles: {
    async publish({ contestant, size, url, watch }) {
      const publisher = await contestant.publisher(url);
      const publish = (index: number): Promise<unknown> =>
        publisher.publish(PATH, makeOrder(index));
      // Connections, their buffers and scripts are there afterwards.
      await inFlight(size.warmUp, 64, publish);
      const before = await watch.stats();
      await inFlight(size.messages, 64, publish);
      const after = await watch.stats();
      await publisher.close();
      const bytesPerMessage = (after.memoryBytes - before.memoryBytes) / size.messages;
      return { values: { [WAITING.unit]: bytesPerMessage }, cost: { bytesPerMessage } };
    },
  },
  run: (stage) => stage.play('publish'),
};
