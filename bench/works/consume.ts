import { consuming } from './consuming.js';
import { fill } from './fill.js';
import { RATE } from './reading.js';
import type { Work } from './work.js';

const PATH = 'bench';

export const consume: Work = {
  id: 'consume',
  about: 'consume a backlog, handler does nothing',
  contestants: ['raw', 'core', 'bullmq'],
  peers: ['nats', 'rabbitmq'],
  metrics: [RATE],
  targets: [
    { contestant: 'core', unit: RATE.unit, atLeast: 0.75, against: { contestant: 'raw' } },
    { contestant: 'core', unit: RATE.unit, atLeast: 7, against: { contestant: 'bullmq' } },
  ],
  full: { messages: 200_000, warmUp: 200_000 },
  quick: { messages: 4_000, warmUp: 2_000 },
  tune: { core: [16, 64, 256], bullmq: [1, 10, 50, 100, 200] },
  roles: { fill: fill(PATH), consume: consuming(PATH, { work: 'nothing' }) },
  async run(stage) {
    await stage.play('fill');
    return stage.play('consume');
  },
};
