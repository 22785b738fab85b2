import { consuming, PATH, type Handling } from './consuming.js';
import { backlogOf, fill } from './fill.js';
import { RATE } from './reading.js';
import type { Role, Work } from './work.js';

const ATTEMPTS = 2;
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

const consume: Role = (part) => {
  const { messages, warmUp } = part.size;
  return consuming(failingOnce(warmUp + messages))(part);
};

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
  full: { messages: 20_000, warmUp: 200_000, concurrency: 64 },
  quick: { messages: 500, warmUp: 200, concurrency: 64 },
  roles: { fill: fill(backlogOf(PATH), ATTEMPTS), consume },
  async run(stage) {
    await stage.play('fill');
    return stage.play('consume');
  },
};
