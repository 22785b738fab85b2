import { sum } from '../measure/meter.js';
import { consumeAll } from './consuming.js';
import { fill, type Heaps } from './fill.js';
import { RATE, rateOf } from './reading.js';
import type { Role, Size, Target, Work } from './work.js';

const WARM_PATH = 'warm';

// A consumer that begins reads little at first, which would count for more in a small backlog.
const BEGINNING = 1_000;

/** As many small backlogs as make up something that can be measured, one after another. */
function paths({ backlogs = 1 }: Size): string[] {
  return Array.from({ length: backlogs }, (_, index) => `backlog/${index}`);
}

const heaps: Heaps = (size) => [
  { path: WARM_PATH, messages: size.warmUp },
  ...paths(size).map((path) => ({ path, messages: size.messages + BEGINNING })),
];

const consume: Role = async (part) => {
  const { size } = part;
  await consumeAll(part, WARM_PATH, 0, size.warmUp, { work: 'nothing' });
  const costs = [];
  for (const path of paths(size)) {
    costs.push(await consumeAll(part, path, BEGINNING, size.messages, { work: 'nothing' }));
  }
  return rateOf(size.messages * costs.length, sum(costs));
};

function backlog(id: string, full: Size, targets: readonly Target[] = []): Work {
  return {
    ...{ id, full, targets },
    about: `consume with ${full.messages.toLocaleString('en')} waiting`,
    contestants: ['raw', 'core'],
    metrics: [RATE],
    quick: { messages: full.messages / 100, warmUp: 1_000, backlogs: 1, concurrency: 64 },
    roles: { fill: fill(heaps), consume },
    async run(stage) {
      await stage.play('fill');
      return stage.play('consume');
    },
  };
}

const WARM_UP = { warmUp: 200_000, concurrency: 64 };

export const backlog1e4 = backlog('backlog-1e4', { messages: 10_000, backlogs: 20, ...WARM_UP });
export const backlog1e5 = backlog('backlog-1e5', { messages: 100_000, backlogs: 2, ...WARM_UP });
export const backlog1e6 = backlog('backlog-1e6', { messages: 1_000_000, backlogs: 1, ...WARM_UP }, [
  {
    ...{ contestant: 'core', unit: RATE.unit, atLeast: 0.9 },
    against: { contestant: 'core', work: 'backlog-1e4' },
  },
]);
