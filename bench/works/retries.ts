import type { Order } from '../payload.js';
import { consumeAll, PATH, type Handling } from './consuming.js';
import { backlogOf, fill } from './fill.js';
import { RATE, rateOf } from './reading.js';
import type { Role, Work } from './work.js';

const ATTEMPTS = 2;
// One for all: to make an error takes V8 longer than all that is measured here takes for a delivery.
const FAILURE = new Error('The first attempt fails.');

/** Fails with each message once, and counts its runs from when `warmUp` messages were handled. */
class FailingOnce implements Handling {
  readonly work = 'waits';
  readonly attempts = ATTEMPTS;
  runs = 0;
  private readonly seen: Uint8Array;

  constructor(
    private readonly warmUp: number,
    messages: number,
  ) {
    this.seen = new Uint8Array(warmUp + messages);
  }

  readonly does = ({ sequence }: Order): undefined => {
    this.runs += 1;
    if (this.seen[sequence] === 1) return;
    this.seen[sequence] = 1;
    throw FAILURE;
  };

  readonly onHandled = (count: number): void => {
    if (count === this.warmUp) this.runs = 0;
  };
}

const consume: Role = async (part) => {
  const { messages, warmUp } = part.size;
  const failing = new FailingOnce(warmUp, messages);
  const cost = await consumeAll(part, PATH, warmUp, messages, failing);
  // Of some messages the first run was before the clock started.
  return rateOf(failing.runs / ATTEMPTS, cost);
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
  // What is tried again comes last there: only the whole of a heap has as many failures as successes.
  cold: ['bullmq'],
  roles: { fill: fill(backlogOf(PATH), ATTEMPTS), consume },
  async run(stage) {
    await stage.play('fill');
    return stage.play('consume');
  },
};
