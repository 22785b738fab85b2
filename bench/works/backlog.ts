import { heaps } from './heaps.js';
import { RATE } from './reading.js';
import type { Size, Target, Work } from './work.js';

// A consumer that begins reads little at first, which would count for more in a small backlog.
const BEGINNING = 1_000;

function backlog(id: string, full: Size, targets: readonly Target[] = []): Work {
  return {
    ...{ id, full, targets },
    about: `consume with ${full.messages.toLocaleString('en')} waiting`,
    contestants: ['raw', 'core'],
    metrics: [RATE],
    quick: { messages: full.messages / 100, warmUp: 1_000, heaps: 1, concurrency: 64 },
    roles: heaps({ beginning: BEGINNING, handling: () => ({ work: 'nothing' }) }),
    async run(stage) {
      await stage.play('fill');
      return stage.play('consume');
    },
  };
}

const WARM_UP = { warmUp: 200_000, concurrency: 64 };

export const backlog1e4 = backlog('backlog-1e4', { messages: 10_000, heaps: 20, ...WARM_UP });
export const backlog1e5 = backlog('backlog-1e5', { messages: 100_000, heaps: 2, ...WARM_UP });
export const backlog1e6 = backlog('backlog-1e6', { messages: 1_000_000, heaps: 1, ...WARM_UP }, [
  {
    ...{ contestant: 'core', unit: RATE.unit, atLeast: 0.9 },
    against: { contestant: 'core', work: 'backlog-1e4' },
  },
]);
