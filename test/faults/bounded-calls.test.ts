import { expect, test } from '@jest/globals';
import type { CallOptions, LeanMQ } from '@leanmq/core';

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
  ['messages', (mq) => mq.queue('/a').messages({ state: 'retrying' })],
  ['inFlight', (mq) => mq.queue('/a').inFlight()],
  ['delete', (mq) => mq.queue('/a').delete()],
  ['list of dead letters', (mq) => mq.deadLetters('/a').list()],
  ['replay of dead letters', (mq) => mq.deadLetters('/a').replayAll()],
  ['list of recurring sends', (mq) => mq.schedules.list()],
  ['get', (mq) => mq.schedules.get('s')],
  ['remove', (mq) => mq.schedules.remove('s')],
  ['upsert', (mq) => mq.schedules.upsert({ id: 's', path: '/a', data: 1, everyMs: 60_000 })],
];

const RECURRING = { id: 's', path: '/a', data: 1, everyMs: 60_000 } as const;
const ON_SCHEDULES: readonly (readonly [
  string,
  (mq: LeanMQ, call?: CallOptions) => Promise<unknown>,
])[] = [
  ['upsert', (mq, call) => mq.schedules.upsert(RECURRING, call)],
  ['list', (mq, call) => mq.schedules.list(call)],
  ['get', (mq, call) => mq.schedules.get('s', call)],
  ['runNow', (mq, call) => mq.schedules.runNow('s', call)],
  ['remove', (mq, call) => mq.schedules.remove('s', call)],
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
  // A call has its own limits and ends with its signal.
  await expect(mq.queues({ timeoutMs: 50 })).rejects.toThrow('within 50 ms');
  const signal = AbortSignal.timeout(50);
  await expect(mq.queue('/a', { signal }).info()).rejects.toMatchObject({ code: 'ABORTED' });
  await expect(mq.queue('/a', { signal }).info()).rejects.toMatchObject({ outcome: 'not-sent' });
  server.thaw();
});

test('a call for recurring sends has its own limits and ends with its signal', async () => {
  const server = await rig.server({});
  const mq = rig.mq(server.url, { group: 'g' });
  await mq.connect();
  const usual = { timeoutMs: 5_000, signal: new AbortController().signal };
  // The last call removes what the first one made.
  for (const [, act] of ON_SCHEDULES) await act(mq, usual);
  expect(await mq.schedules.list()).toEqual([]);
  await mq.schedules.upsert(RECURRING);
  server.freeze();
  for (const [, act] of ON_SCHEDULES) {
    await expect(act(mq, { timeoutMs: 50 })).rejects.toThrow('within 50 ms');
    const signal = AbortSignal.timeout(50);
    await expect(act(mq, { signal })).rejects.toMatchObject({ code: 'ABORTED' });
    await expect(act(mq, { signal })).rejects.toMatchObject({ outcome: 'not-sent' });
  }
  server.thaw();
});

test.each([{ timeoutMs: 0 }, { timeoutMs: 'soon' }, { timeout: 5 }, { signal: 5 }])(
  'the invalid limits %j of a call are refused',
  async (call) => {
    const mq = rig.mq('redis://127.0.0.1:1', { connect: 'wait' });
    expect(() => mq.queue('/a', call as object)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
    await expect(mq.queues(call as object)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    for (const [, act] of ON_SCHEDULES) {
      await expect(act(mq, call as object)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    }
  },
);

test('a call rejects in time when Redis was never there, whether or not its instance waits for it', async () => {
  const mq = rig.mq('redis://127.0.0.1:1', { connect: 'wait', commandTimeoutMs: 300 });
  await expect(mq.queues()).rejects.toMatchObject({
    code: 'BROKER_UNAVAILABLE',
    outcome: 'not-sent',
  });
  await expect(mq.schedules.list()).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' });
});
