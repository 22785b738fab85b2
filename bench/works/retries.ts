import { consumeAll, PATH, type Handling } from './consuming.js';
import { fill } from './fill.js';
import { RATE, rateOf } from './reading.js';
import type { Role, Work } from './work.js';

const WARM_PATH = 'warm';
const ATTEMPTS = 2;

/** Fails with each message once. */
function failingOnce(messages: number): Handling {
  const seen = new Uint8Array(messages);
  return {
    work: 'waits',
    attempts: ATTEMPTS,
    does({ sequence }) {
      if (seen[sequence] === 1) return undefined;
      seen[sequence] = 1;
      throw new Error('The first attempt fails.');
    },
  };
}

const consume: Role = async (part) => {
  const { messages, warmUp } = part.size;
  await consumeAll(part, WARM_PATH, 0, warmUp, failingOnce(warmUp));
  return rateOf(messages, await consumeAll(part, PATH, 0, messages, failingOnce(messages)));
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
  full: { messages: 20_000, warmUp: 20_000, concurrency: 64 },
  quick: { messages: 500, warmUp: 200, concurrency: 64 },
  roles: {
    fill: fill(
      ({ messages, warmUp }) => [
        { path: WARM_PATH, messages: warmUp },
        { path: PATH, messages },
      ],
      ATTEMPTS,
    ),
    consume,
  },
  async run(stage) {
    await stage.play('fill');
    return stage.play('consume');
  },
};
