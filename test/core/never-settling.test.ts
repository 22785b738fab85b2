import { describe, expect, test } from '@jest/globals';
import type { IdempotencyStore, LeanMQEvents } from '@leanmq/core';

import { useBroker } from '../support/broker.js';
import { eventually, nextEvent } from '../support/eventually.js';

const broker = useBroker();

const never = (): Promise<never> => new Promise(() => undefined);
const KEEPS: IdempotencyStore = {
  begin: () => Promise.resolve({ state: 'run' }),
  complete: () => Promise.resolve(),
  fail: () => Promise.resolve(),
};

describe('a callback that never answers before a handler starts', () => {
  const store = { idempotent: true, idempotencyStore: { ...KEEPS, begin: never } };
  test.each([
    ["a key function, by the handler's timeout", { idempotent: never }, 100],
    ["a store, by the handler's timeout", store, 100],
    ['a key function, by the lease', { idempotent: never }, undefined],
    ['a store, by the lease', store, undefined],
  ])('is bounded and frees its slot: %s', async (_, once, handlerTimeoutMs) => {
    const mq = broker.mq({ group: 'g', leaseMs: 600 });
    let ran = 0;
    mq.handle('/a', () => void (ran += 1), {
      ...once,
      ...{ concurrency: 1, attempts: 1, handlerTimeoutMs },
    });
    await mq.start();
    const dead: LeanMQEvents['deadLettered'][0][] = [];
    mq.events.on('deadLettered', (event) => dead.push(event));
    for (const data of [1, 2]) await mq.publish('/a', data);
    // The deliveries take turns: the first one frees the only slot for the second.
    await eventually(() => dead.length === 2);
    for (const { error } of dead) {
      expect(error).toMatchObject({ name: 'HandlerTimeoutError', code: 'HANDLER_TIMEOUT' });
      expect(error?.message).toMatch(
        /^(The key function of option|begin\(\) of "idempotencyStore")/,
      );
      expect(error?.message).toContain(`within ${handlerTimeoutMs ?? 600} ms`);
    }
    expect(ran).toBe(0);
    expect(mq.health()).toMatchObject({ inFlight: 0, stuck: 0 });
  });
});

test('a store that grants a key too late has the key freed again', async () => {
  let grant = (): void => undefined;
  const failed: string[] = [];
  const mq = broker.mq({ group: 'g' });
  mq.handle('/a', () => undefined, {
    ...{ attempts: 1, handlerTimeoutMs: 50, idempotent: true },
    idempotencyStore: {
      ...KEEPS,
      begin: () => new Promise((resolve) => (grant = () => resolve({ state: 'run' }))),
      fail: (key) => {
        failed.push(key);
        return Promise.resolve();
      },
    },
  });
  await mq.start();
  const dead = nextEvent(mq.events, 'deadLettered');
  const { id } = await mq.publish('/a', 1);
  await dead;
  grant();
  await eventually(() => failed.length === 1);
  expect(failed).toEqual([id]);
});

test('a store that never confirms the outcome holds the slot for a lease at most', async () => {
  const mq = broker.mq({ group: 'g', leaseMs: 600 });
  let ran = 0;
  mq.handle('/a', () => void (ran += 1), {
    ...{ concurrency: 1, attempts: 1, idempotent: true },
    idempotencyStore: { ...KEEPS, complete: never },
  });
  await mq.start();
  for (const data of [1, 2]) await mq.publish('/a', data);
  await eventually(() => ran === 2);
  await eventually(() => mq.health().inFlight === 0);
});

test('a key function may be asynchronous', async () => {
  const keys: string[] = [];
  const mq = broker.mq({ group: 'g' });
  mq.handle<string>('/a', ({ data }) => void keys.push(data), {
    idempotent: async ({ data }) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return data;
    },
  });
  await mq.start();
  const skipped = nextEvent(mq.events, 'skipped');
  await mq.publish('/a', 'x');
  await mq.publish('/a', 'x');
  await skipped;
  expect(keys).toEqual(['x']);
});

describe('a backoff function', () => {
  test('may return a promise, or decide that a message is dead', async () => {
    const mq = broker.mq({ group: 'g' });
    const attempts: number[] = [];
    mq.handle(
      '/a',
      ({ attempt }) => {
        attempts.push(attempt);
        throw new Error(attempt === 3 ? 'for good' : 'for now');
      },
      {
        backoff: async (attempt, error) => {
          await new Promise((resolve) => setTimeout(resolve, 10));
          return (error as Error).message === 'for good' ? 'dead' : attempt * 10;
        },
      },
    );
    await mq.start();
    const delays: number[] = [];
    mq.events.on('retried', ({ delayMs }) => delays.push(delayMs));
    const dead = nextEvent(mq.events, 'deadLettered');
    await mq.publish('/a', 1);
    expect(await dead).toMatchObject({ reason: 'failed', attempt: 3 });
    expect(attempts).toEqual([1, 2, 3]);
    expect(delays).toEqual([10, 20]);
  });

  test('may decide at once that a message is dead', async () => {
    const mq = broker.mq({ group: 'g' });
    const fail = (): never => {
      throw new Error('always');
    };
    mq.handle('/a', fail, { backoff: () => 'dead' });
    await mq.start();
    const dead = nextEvent(mq.events, 'deadLettered');
    await mq.publish('/a', 1);
    expect(await dead).toMatchObject({ reason: 'failed', attempt: 1 });
  });

  test.each([
    ['rejects', () => Promise.reject(new Error('no table'))],
    ['resolves to an invalid delay', () => Promise.resolve('soon' as 'dead')],
  ])('that %s is replaced by the default backoff, and a fault is reported', async (_, backoff) => {
    const mq = broker.mq({ group: 'g' });
    const fail = (): never => {
      throw new Error('always');
    };
    mq.handle('/a', fail, { backoff });
    await mq.start();
    const fault = nextEvent<LeanMQEvents['fault'][0]>(mq.events, 'fault');
    const retried = nextEvent<LeanMQEvents['retried'][0]>(mq.events, 'retried');
    await mq.publish('/a', 1);
    expect((await fault).error.message).toMatch(/"backoff"/);
    expect((await retried).delayMs).toBeGreaterThanOrEqual(500);
  });
});
