import { afterEach, expect, jest, test } from '@jest/globals';
import type { LeanMQEvents } from '@leanmq/core';

import { useFaultyRig } from '../support/server.js';

const rig = useFaultyRig();
const realTimeout = globalThis.setTimeout;
afterEach(() => void jest.useRealTimers());

/** Advances fake time, in steps that leave sockets the time to work. */
async function passUntil(isDone: () => boolean, stepMs: number): Promise<void> {
  while (!isDone()) {
    jest.advanceTimersByTime(stepMs);
    await new Promise((resolve) => realTimeout(resolve, 1));
  }
}

test('a Redis that was never there is reported like one that went away, and so is its arrival', async () => {
  const server = await rig.server();
  const proxy = await rig.proxy(server);
  proxy.refuse();
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'hrtime'] });
  const mq = rig.mq(proxy.url, { connect: 'wait', publishTimeoutMs: 600_000 });
  const lasting: LeanMQEvents['connectionStillLost'][0][] = [];
  const regained: LeanMQEvents['connectionRegained'][0][] = [];
  const lost: unknown[] = [];
  mq.events.on('connectionLost', (event) => lost.push(event));
  mq.events.on('connectionStillLost', (event) => lasting.push(event));
  mq.events.on('connectionRegained', (event) => regained.push(event));
  const sent = mq.publish('/a', 1);
  await passUntil(() => lasting.length === 2, 1_000);
  expect(lasting).toMatchObject([{ waiting: 1 }, { waiting: 1 }]);
  proxy.accept();
  let isSettled = false;
  void sent.finally(() => (isSettled = true));
  // Real timers drop the pending ones: another connection may still wait for its next try.
  await passUntil(() => isSettled && regained.length > 0, 2);
  jest.useRealTimers();
  expect(await sent).toMatchObject({ outcome: 'published' });
  expect([lasting.length, regained.length, lost]).toEqual([2, 1, []]);
});
