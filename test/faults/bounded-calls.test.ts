import { expect, test } from '@jest/globals';
import type { LeanMQ } from '@leanmq/core';

import { useFaultyRig } from '../support/server.js';
import { within } from '../support/within.js';

const rig = useFaultyRig();

const CALLS: readonly (readonly [string, (mq: LeanMQ) => Promise<unknown>])[] = [
  ['queues', (mq) => mq.queues()],
  ['cancel', (mq) => mq.cancel('/a', 'x')],
  ['replay', (mq) => mq.replay('/a')],
  ['info', (mq) => mq.queue('/a').info()],
  ['groups', (mq) => mq.queue('/a').groups()],
  ['find', (mq) => mq.queue('/a').find('1-1')],
  ['purge', (mq) => mq.queue('/a').purge()],
  ['pause', (mq) => mq.queue('/a').pause()],
  ['configure', (mq) => mq.queue('/a').configure({ maxLength: 5 })],
  ['inFlight', (mq) => mq.queue('/a').inFlight()],
  ['delete', (mq) => mq.queue('/a').delete()],
  ['list of dead letters', (mq) => mq.deadLetters('/a').list()],
  ['replay of dead letters', (mq) => mq.deadLetters('/a').replayAll()],
  ['list of recurring sends', (mq) => mq.schedules.list()],
  ['get', (mq) => mq.schedules.get('s')],
  ['remove', (mq) => mq.schedules.remove('s')],
  ['upsert', (mq) => mq.schedules.upsert({ id: 's', path: '/a', data: 1, everyMs: 60_000 })],
];

test('every call rejects in time while Redis does not answer', async () => {
  const server = await rig.server({});
  const mq = rig.mq(server.url, { group: 'g', commandTimeoutMs: 600 });
  await mq.queue('/a').declareGroup('g');
  await mq.publish('/a', 1);
  server.freeze();
  const outcomes = await within(
    15_000,
    Promise.all(
      CALLS.map(async ([name, call]) => {
        const startedAt = performance.now();
        const error = await call(mq).catch((thrown: unknown) => thrown);
        return { name, error, ms: performance.now() - startedAt };
      }),
    ),
  );
  for (const { name, error, ms } of outcomes) {
    expect({ name, error }).toMatchObject({ name, error: { code: 'BROKER_UNAVAILABLE' } });
    expect(ms).toBeLessThan(5_000);
  }
  // A call has limits of its own, and ends with its signal.
  await expect(mq.queues({ timeoutMs: 50 })).rejects.toThrow('within 50 ms');
  const signal = AbortSignal.timeout(50);
  await expect(mq.queue('/a', { signal }).info()).rejects.toMatchObject({ code: 'ABORTED' });
  await expect(mq.queue('/a', { signal }).info()).rejects.toMatchObject({ outcome: 'not-sent' });
  server.thaw();
});

test.each([{ timeoutMs: 0 }, { timeoutMs: 'soon' }, { timeout: 5 }, { signal: 5 }])(
  'limits of a call that are %j are refused',
  async (call) => {
    const mq = rig.mq('redis://127.0.0.1:1', { connect: 'wait' });
    expect(() => mq.queue('/a', call as object)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
    await expect(mq.queues(call as object)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  },
);

test('a call rejects in time when Redis was never there, whether or not it is waited for', async () => {
  const mq = rig.mq('redis://127.0.0.1:1', { connect: 'wait', commandTimeoutMs: 300 });
  await expect(mq.queues()).rejects.toMatchObject({
    code: 'BROKER_UNAVAILABLE',
    outcome: 'not-sent',
  });
  await expect(mq.schedules.list()).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' });
});
