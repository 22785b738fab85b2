import type { Handling } from './consuming.js';
import { heaps } from './heaps.js';
import { RATE } from './reading.js';
import type { Work } from './work.js';

const ATTEMPTS = 2;
// BullMQ tries again when nothing else waits: of a larger one it would be the second runs that are measured.
const BEGINNING = 1_000;
// One for all: to make an error takes V8 longer than all that is measured here takes for a delivery.
const FAILURE = new Error('The first attempt fails.');

/** Fails with each message once. */
function failingOnce(messages: number): Handling {
  const seen = new Uint8Array(messages);
  return {
    work: 'waits',
    attempts: ATTEMPTS,
    does({ sequence }) {
      if (seen[sequence] === 1) return undefined;
      seen[sequence] = 1;
      throw FAILURE;
    },
  };
}

export const retries: Work = {
  id: 'retries',
  about: 'consume messages that fail once and are tried again at once',
  contestants: ['core', 'bullmq'],
  metrics: [RATE],
  targets: [
    {
      ...{ contestant: 'core', unit: RATE.unit, atLeast: 0.25 },
      against: { contestant: 'core', work: 'consume' },
    },
  ],
  full: { messages: 20_000, heaps: 5, warmUp: 100_000, concurrency: 64 },
  quick: { messages: 2_000, warmUp: 200, concurrency: 64 },
  roles: heaps({ beginning: BEGINNING, attempts: ATTEMPTS, handling: failingOnce }),
  async run(stage) {
    await stage.play('fill');
    return stage.play('consume');
  },
};
