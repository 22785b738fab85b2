import { sum } from '../measure/meter.js';
import { consumeAll, type Handling } from './consuming.js';
import { fill } from './fill.js';
import { rateOf } from './reading.js';
import type { Role, Size } from './work.js';

const WARM_PATH = 'warm';

interface Heaps {
  /** Messages of each heap that are not measured. */
  readonly beginning: number;
  /** How often a message is tried. */
  readonly attempts?: number;
  /** @param messages how many the handler gets, numbered from 0 */
  readonly handling: (messages: number) => Handling;
}

/** As many heaps as make up something that can be measured, one after another, and before them one to warm up. */
export function heaps({ beginning, attempts, handling }: Heaps): { fill: Role; consume: Role } {
  return {
    fill: fill(
      (size) => [
        { path: WARM_PATH, messages: size.warmUp },
        ...paths(size).map((path) => ({ path, messages: size.messages + beginning })),
      ],
      attempts,
    ),
    consume: async (part) => {
      const { size } = part;
      await consumeAll(part, WARM_PATH, 0, size.warmUp, handling(size.warmUp));
      const costs = [];
      for (const path of paths(size)) {
        const handled = handling(size.messages + beginning);
        costs.push(await consumeAll(part, path, beginning, size.messages, handled));
      }
      return rateOf(size.messages * costs.length, sum(costs));
    },
  };
}

function paths({ heaps: count = 1 }: Size): string[] {
  return Array.from({ length: count }, (_, index) => `heap/${index}`);
}
