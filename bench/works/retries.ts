import type { ContestantName } from '../contestants/index.js';
import { consumeAll, PATH, type Handling } from './consuming.js';
import { fill, type Heaps } from './fill.js';
import { RATE, rateOf } from './reading.js';
import type { Role, Work } from './work.js';

const ATTEMPTS = 2;
// One error for all attempts: creating one takes V8 longer than the rest of a measured delivery.
const FAILURE = new Error('The first attempt fails.');

/** Contestants that retry only when nothing else waits: failures equal successes only over a whole heap. */
const RETRY_LAST: readonly ContestantName[] = ['bullmq'];
/** Path of the messages that warm up those contestants. */
const WARM_PATH = 'warm';

const heaps: Heaps = ({ messages, warmUp }, name) =>
  RETRY_LAST.includes(name)
    ? [
        { path: WARM_PATH, messages: warmUp },
        { path: PATH, messages },
      ]
    : [{ path: PATH, messages: warmUp + messages }];

const consume: Role = async (part) => {
  const { messages, warmUp } = part.size;
  if (!RETRY_LAST.includes(part.name)) {
    const failing = failingOnce(warmUp + messages);
    return rateOf(messages, await consumeAll(part, PATH, warmUp, messages, failing));
  }
  await consumeAll(part, WARM_PATH, 0, warmUp, failingOnce(warmUp));
  return rateOf(messages, await consumeAll(part, PATH, 0, messages, failingOnce(messages)));
};

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
  full: { messages: 20_000, warmUp: 200_000, concurrency: 64 },
  quick: { messages: 500, warmUp: 200, concurrency: 64 },
  roles: { fill: fill(heaps, ATTEMPTS), consume },
  async run(stage) {
    await stage.play('fill');
    return stage.play('consume');
  },
};
