import type { Publisher } from '../contestants/index.js';
import { inFlight } from '../measure/in-flight.js';
import { makeOrder } from '../payload.js';
import { PATH } from './consuming.js';
import { RATE, rateOf } from './reading.js';
import { atLeast } from './targets.js';
import type { Part, Reading, Role, Work } from './work.js';

type Step = (publisher: Publisher, index: number) => Promise<unknown>;

/**
 * @param limit steps at the same time
 * @param perStep messages of one step
 */
async function publishing(
  part: Part,
  limit: number,
  perStep: number,
  step: Step,
): Promise<Reading> {
  const { contestant, size, url, meter } = part;
  const publisher = await contestant.publisher(url);
  const run = (messages: number): Promise<void> =>
    inFlight(Math.ceil(messages / perStep), limit, (index) => step(publisher, index));
  await run(size.warmUp);
  meter.start();
  await run(size.messages);
  const cost = await meter.end();
  await publisher.close();
  return rateOf(Math.ceil(size.messages / perStep) * perStep, cost);
}

const one: Step = (publisher, index) => publisher.publish(PATH, makeOrder(index));

const hundred: Step = (publisher, index) =>
  publisher.publishMany(
    PATH,
    Array.from({ length: 100 }, (_, item) => makeOrder(index * 100 + item)),
  );

/** Five to each of two paths. */
const tenTogether: Step = (publisher, index) => {
  if (publisher.transaction === undefined) throw new Error('It knows no transactions.');
  return publisher.transaction(
    Array.from({ length: 10 }, (_, item) => ({
      path: `${PATH}/${item % 2}`,
      order: makeOrder(index * 10 + item),
    })),
  );
};

/** 256 publishes in flight. */
export const publishInFlight: Role = (part) => publishing(part, 256, 1, one);

export const publish256: Work = {
  id: 'publish-256',
  about: 'publish, 256 in flight',
  contestants: ['raw', 'core', 'nest', 'bullmq', 'nest-transport'],
  peers: ['nats', 'rabbitmq'],
  metrics: [RATE],
  targets: [atLeast(RATE.unit, 1.1, 'raw'), atLeast(RATE.unit, 3, 'bullmq')],
  full: { messages: 300_000, warmUp: 200_000 },
  quick: { messages: 2_000, warmUp: 1_000 },
  roles: { publish: publishInFlight },
  run: (stage) => stage.play('publish'),
};

export const publish1: Work = {
  id: 'publish-1',
  about: 'publish, one at a time',
  contestants: ['raw', 'core', 'nest', 'bullmq', 'nest-transport'],
  peers: ['nats', 'rabbitmq'],
  metrics: [RATE],
  targets: [atLeast(RATE.unit, 0.85, 'raw')],
  full: { messages: 50_000, warmUp: 30_000 },
  quick: { messages: 500, warmUp: 200 },
  roles: { publish: (part) => publishing(part, 1, 1, one) },
  run: (stage) => stage.play('publish'),
};

export const sendMany: Work = {
  id: 'send-many',
  about: 'publishMany, 100 to a call, one call at a time',
  contestants: ['raw', 'core', 'nest', 'bullmq'],
  metrics: [RATE],
  targets: [atLeast(RATE.unit, 0.85, 'raw')],
  full: { messages: 300_000, warmUp: 200_000 },
  quick: { messages: 2_000, warmUp: 1_000 },
  roles: { publish: (part) => publishing(part, 1, 100, hundred) },
  run: (stage) => stage.play('publish'),
};

export const transaction10: Work = {
  id: 'transaction-10',
  about: 'transactions of 10 messages to two paths, 64 at the same time',
  contestants: ['raw', 'core', 'nest'],
  metrics: [RATE],
  targets: [atLeast(RATE.unit, 0.8, 'raw')],
  full: { messages: 300_000, warmUp: 200_000 },
  quick: { messages: 2_000, warmUp: 1_000 },
  roles: { publish: (part) => publishing(part, 64, 10, tenTogether) },
  run: (stage) => stage.play('publish'),
};
