import { setTimeout as sleep } from 'node:timers/promises';

import { consuming, PATH } from './consuming.js';
import { backlogOf, fill } from './fill.js';
import { RATE } from './reading.js';
import { atLeast } from './targets.js';
import type { Metric, Stage, Reading, Work } from './work.js';

const TUNE = {
  core: [16, 64, 256],
  nest: [16, 64, 256],
  bullmq: [1, 10, 50, 100, 200],
} as const;

const BACKLOG = {
  metrics: [RATE],
  full: { messages: 200_000, warmUp: 200_000 },
  quick: { messages: 2_000, warmUp: 1_000 },
  tune: TUNE,
  async run(stage: Stage): Promise<Reading> {
    await stage.play('fill');
    return stage.play('consume');
  },
};

const NOTHING_DONE = {
  fill: fill(backlogOf(PATH)),
  consume: consuming({ work: 'nothing' }),
};

export const consume: Work = {
  ...BACKLOG,
  id: 'consume',
  about: 'consume a backlog, the handler does nothing',
  contestants: ['raw', 'core', 'bullmq'],
  peers: ['nats', 'rabbitmq'],
  targets: [atLeast(RATE.unit, 0.75, 'raw'), atLeast(RATE.unit, 7, 'bullmq')],
  roles: NOTHING_DONE,
};

export const consumeNest: Work = {
  ...BACKLOG,
  id: 'consume-nest',
  about: 'the same through a method of a Nest application',
  contestants: ['raw', 'nest'],
  targets: [{ contestant: 'nest', unit: RATE.unit, atLeast: 0.5, against: { contestant: 'raw' } }],
  roles: NOTHING_DONE,
};

export const consumeDto: Work = {
  ...BACKLOG,
  id: 'consume-dto',
  about: 'the same with a payload that class-validator checks; BullMQ without',
  contestants: ['bullmq', 'nest'],
  targets: [{ contestant: 'nest', unit: RATE.unit, atLeast: 2, against: { contestant: 'bullmq' } }],
  full: { messages: 100_000, warmUp: 100_000 },
  roles: { ...NOTHING_DONE, consume: consuming({ work: 'nothing', validated: true }) },
};

export const handler5ms: Work = {
  ...BACKLOG,
  id: 'handler-5ms',
  about: 'consume a backlog, the handler takes 5 ms, 64 at the same time',
  contestants: ['raw', 'core', 'bullmq'],
  targets: [atLeast(RATE.unit, 0.95, 'raw')],
  full: { messages: 60_000, warmUp: 40_000, concurrency: 64 },
  quick: { messages: 1_000, warmUp: 500, concurrency: 64 },
  tune: {},
  roles: {
    fill: fill(backlogOf(PATH)),
    consume: consuming({ work: 'waits', does: () => sleep(5) }),
  },
};

const COMMANDS: Metric = { unit: 'commands/message', better: 'less' };

export const commands: Work = {
  ...BACKLOG,
  id: 'commands',
  about: 'client commands for each message consumed from a backlog',
  contestants: ['raw', 'core', 'bullmq'],
  metrics: [COMMANDS],
  targets: [{ contestant: 'core', unit: COMMANDS.unit, atMost: 0.1 }],
  full: { messages: 50_000, warmUp: 10_000, concurrency: 64 },
  tune: {},
  roles: NOTHING_DONE,
  async run(stage) {
    const { cost } = await BACKLOG.run(stage);
    return { values: { [COMMANDS.unit]: cost?.commandsPerMessage ?? NaN }, cost: { ...cost } };
  },
};
