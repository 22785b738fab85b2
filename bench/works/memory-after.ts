import { setTimeout as sleep } from 'node:timers/promises';

import { watchServer } from '../measure/server.js';
import { consumeAll, PATH } from './consuming.js';
import { backlogOf, fill } from './fill.js';
import { MIB } from './reading.js';
import { NOTHING, type Metric, type Part, type Work } from './work.js';

const LEFT: Metric = { unit: 'MiB left', better: 'less' };
const TRIM_TIMEOUT_MS = 60_000;

export const memoryAfter: Work = {
  id: 'memory-after',
  about: 'what Redis holds more than before, when all messages are through',
  contestants: ['core'],
  metrics: [LEFT],
  targets: [{ contestant: 'core', unit: LEFT.unit, atMost: 2 }],
  full: { messages: 999_000, warmUp: 1_000, concurrency: 64, steadyS: 25 },
  quick: { messages: 3_000, warmUp: 1_000, concurrency: 64, steadyS: 1 },
  roles: {
    fill: fill(backlogOf(PATH)),
    /** Stays until what it consumed has been trimmed, which a service does as it goes on. */
    async consume(part) {
      const { size } = part;
      await consumeAll(part, PATH, size.warmUp, size.messages, {
        work: 'nothing',
        whenDone: () => steadyMemory(part),
      });
      return NOTHING;
    },
  },
  async run(stage) {
    const watch = await watchServer(stage.url, stage.serverPid);
    try {
      const before = await watch.stats();
      await stage.play('fill');
      await stage.play('consume');
      const after = await watch.stats();
      return { values: { [LEFT.unit]: (after.memoryBytes - before.memoryBytes) / MIB } };
    } finally {
      watch.close();
    }
  },
};

/** Resolves when the server's memory has not changed for some seconds. */
async function steadyMemory({ size: { steadyS = 1 }, watch }: Part): Promise<void> {
  const deadline = performance.now() + TRIM_TIMEOUT_MS;
  let { memoryBytes: held } = await watch.stats();
  for (let steadyForS = 0; steadyForS < steadyS && performance.now() < deadline;) {
    await sleep(1_000);
    const { memoryBytes } = await watch.stats();
    steadyForS = Math.abs(memoryBytes - held) < 0.05 * MIB ? steadyForS + 1 : 0;
    held = memoryBytes;
  }
}
