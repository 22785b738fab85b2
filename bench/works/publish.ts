import type { Publisher } from '../contestants/index.js';
import { inFlight } from '../measure/in-flight.js';
import { makeOrder } from '../payload.js';
import { RATE, rateOf } from './reading.js';
import type { Part, Reading, Work } from './work.js';

const PATH = 'bench';

type Step = (publisher: Publisher, index: number) => Promise<unknown>;

/** @param perStep messages of one step */
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

export const publish256: Work = {
  id: 'publish-256',
  about: 'publish, 256 in flight',
  contestants: ['raw', 'core', 'nest', 'bullmq', 'nest-transport'],
  peers: ['nats', 'rabbitmq'],
  metrics: [RATE],
  targets: [
    { contestant: 'core', unit: RATE.unit, atLeast: 1.1, against: { contestant: 'raw' } },
    { contestant: 'core', unit: RATE.unit, atLeast: 3, against: { contestant: 'bullmq' } },
  ],
  full: { messages: 300_000, warmUp: 200_000 },
  quick: { messages: 4_000, warmUp: 2_000 },
  roles: { publish: (part) => publishing(part, 256, 1, one) },
  run: (stage) => stage.play('publish'),
};

export const publish1: Work = {
  id: 'publish-1',
  about: 'publish, one at a time',
  contestants: ['raw', 'core', 'nest', 'bullmq', 'nest-transport'],
  peers: ['nats', 'rabbitmq'],
  metrics: [RATE],
  targets: [{ contestant: 'core', unit: RATE.unit, atLeast: 0.85, against: { contestant: 'raw' } }],
  full: { messages: 50_000, warmUp: 30_000 },
  quick: { messages: 1_000, warmUp: 500 },
  roles: { publish: (part) => publishing(part, 1, 1, one) },
  run: (stage) => stage.play('publish'),
};
