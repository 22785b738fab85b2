import type { LeanMQ } from '@leanmq/core';

import { GROUP } from '../contestants/raw-keys.js';
import { liveGrowth } from '../measure/live-heap.js';
import { PATH } from './consuming.js';
import { fill } from './fill.js';
import { MIB, RATE, rateOf } from './reading.js';
import { NOTHING, type Metric, type Role, type Work } from './work.js';

const WARM_PATH = 'warm';
const GROWTH: Metric = { unit: 'MiB grown', better: 'less' };

/** Loaded here, so that the code is not in the processes of the other works. */
async function open(url: string): Promise<LeanMQ> {
  const { LeanMQ: Engine } = await import('@leanmq/core');
  return new Engine({ redis: url, group: GROUP });
}

/** Makes a dead letter of every message. */
const bury: Role = async ({ size, url }) => {
  const mq = await open(url);
  const { RejectError } = await import('@leanmq/core');
  const all = size.messages + size.warmUp;
  let dead = 0;
  await new Promise<void>((resolve) => {
    mq.events.on('deadLettered', () => {
      if (++dead === all) resolve();
    });
    const reject = (): never => {
      throw new RejectError('It cannot be delivered.');
    };
    mq.handle(WARM_PATH, reject, { concurrency: 64 });
    void mq.consume(PATH, reject, { concurrency: 64 });
  });
  await mq.close();
  return NOTHING;
};

const replayAll: Role = async ({ size, url, meter }) => {
  const mq = await open(url);
  // Memory first, because to look at it takes time; the same again is then measured with warm code.
  const grown = await liveGrowth(() => mq.deadLetters(WARM_PATH).replayAll());
  meter.start();
  const replayed = await mq.deadLetters(PATH).replayAll();
  const cost = await meter.end();
  await mq.close();
  if (replayed !== size.messages) throw new Error(`${replayed} were replayed.`);
  const { values, ...rest } = rateOf(replayed, cost);
  return { ...rest, values: { ...values, [GROWTH.unit]: grown / MIB } };
};

export const replay: Work = {
  id: 'replay',
  about: 'replay of dead letters, and how much more is alive in the process meanwhile',
  contestants: ['core'],
  metrics: [RATE, GROWTH],
  targets: [
    { contestant: 'core', unit: RATE.unit, atLeast: 10_000 },
    { contestant: 'core', unit: GROWTH.unit, atMost: 8 },
  ],
  full: { messages: 50_000, warmUp: 50_000 },
  quick: { messages: 500, warmUp: 200 },
  roles: {
    fill: fill(({ messages, warmUp }) => [
      { path: WARM_PATH, messages: warmUp },
      { path: PATH, messages },
    ]),
    bury,
    replay: replayAll,
  },
  async run(stage) {
    await stage.play('fill');
    await stage.play('bury');
    return stage.play('replay');
  },
};
