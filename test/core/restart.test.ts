import { describe, expect, test } from '@jest/globals';
import type { ConsumingState, LeanMQEvents } from '@leanmq/core';

import { useBroker } from '../support/broker.js';
import { eventually, nextEvent } from '../support/eventually.js';
import { expectNoNewResources, openResources } from '../support/leaks.js';

const broker = useBroker();

describe('a service that was stopped', () => {
  test('starts again under another name and delivers what came meanwhile', async () => {
    const got: unknown[] = [];
    const mq = await broker.consume('/a', ({ data }) => void got.push(data), { group: 'g' });
    await mq.publish('/a', 1);
    await eventually(() => got.length === 1);
    const first = mq.consumer;
    await mq.stop();
    await mq.publish('/a', 2);
    expect(mq.health()).toMatchObject({ status: 'up', consuming: 'stopped', handlers: [] });
    const started = nextEvent<LeanMQEvents['started'][0]>(mq.events, 'started');
    await mq.start();
    expect(await started).toMatchObject({ consumer: mq.consumer, routes: ['a'] });
    expect(mq.consumer).not.toBe(first);
    await mq.publish('/a', 3);
    await eventually(() => got.length === 3);
    expect(got).toEqual([1, 2, 3]);
  });

  test('can restart any number of times without leaving a connection, timer or consumer behind', async () => {
    const got: unknown[] = [];
    const mq = await broker.consume('/a', ({ data }) => void got.push(data), { group: 'g' });
    await mq.stop();
    const before = await openResources();
    for (let n = 0; n < 5; n += 1) {
      await mq.start();
      await mq.publish('/a', n);
      await eventually(() => got.length === n + 1);
      await mq.stop();
    }
    await expectNoNewResources(before);
    expect(await broker.redis.xinfo('CONSUMERS', broker.key('a', 'log'), 'g')).toEqual([]);
  });

  test('starts again after its drain when it is told to during the drain', async () => {
    let finish = (): void => undefined;
    const running = new Promise<void>((resolve) => (finish = resolve));
    const got: unknown[] = [];
    const mq = await broker.consume(
      '/a',
      async ({ data }) => {
        got.push(data);
        if (data === 1) await running;
      },
      { group: 'g' },
    );
    await mq.publish('/a', 1);
    await eventually(() => got.length === 1);
    const order: string[] = [];
    mq.events.on('stopped', () => order.push('stopped'));
    mq.events.on('started', () => order.push('started'));
    const stopped = mq.stop();
    expect(mq.health().consuming).toBe('stopping');
    const started = mq.start();
    await mq.publish('/a', 2);
    finish();
    await Promise.all([stopped, started]);
    await eventually(() => got.length === 2);
    expect(order).toEqual(['stopped', 'started']);
    // The first message was not delivered again.
    expect(got).toEqual([1, 2]);
  });

  test('runs again what its handler never ended, once the slot is free', async () => {
    const attempts: number[] = [];
    const mq = await broker.consume(
      '/a',
      ({ attempt }) => {
        attempts.push(attempt);
        if (attempts.length === 1) return new Promise(() => undefined);
        return undefined;
      },
      { group: 'g', drainTimeoutMs: 50 },
    );
    await mq.publish('/a', 1);
    await eventually(() => attempts.length === 1);
    await mq.stop();
    await mq.start();
    await eventually(() => attempts.length === 2);
    expect(attempts).toEqual([1, 1]);
  });

  test('starts again after a failed start', async () => {
    const mq = broker.mq({ group: 'g', redis: 'redis://127.0.0.1:1', connectTimeoutMs: 100 });
    mq.handle('/a', () => undefined);
    await expect(mq.start()).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' });
    expect(mq.health().consuming).toBe('stopped');
    await expect(mq.start()).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' });
  });
});

test('health() reports each state of consuming', async () => {
  const mq = broker.mq({ group: 'g' });
  const states: ConsumingState[] = [];
  const note = (): unknown => states.push(mq.health().consuming);
  note();
  mq.handle('/a', () => undefined);
  note();
  const started = mq.start();
  note();
  await started;
  note();
  await mq.queue('/a').pause();
  note();
  await mq.queue('/a').resume();
  await eventually(() => mq.health().consuming !== 'paused');
  note();
  const stopped = mq.stop();
  note();
  await stopped;
  note();
  expect(states).toEqual([
    ...['none', 'none', 'starting', 'running', 'paused', 'running', 'stopping', 'stopped'],
  ]);
});

describe('a handler that is added after the start', () => {
  test('receives deliveries, with the settings of its queue', async () => {
    const got: string[] = [];
    const mq = await broker.consume('/a', () => undefined, { group: 'g' });
    await mq.publish('/b', 1);
    await mq.consume('/b', ({ path }) => void got.push(path));
    await eventually(() => got.length === 1);
    expect(mq.health().handlers.map(({ path }) => path)).toEqual(['/a/', '/b/']);
    expect(mq.health().readAgesMs).toHaveLength(1);
    await mq.queue('/c').declareGroup('g');
    await mq.queue('/c').pause();
    await mq.publish('/c', 1);
    await mq.consume('/c', ({ path }) => void got.push(path), {
      rateLimit: { count: 1, perMs: 50 },
    });
    expect(mq.health().handlers.at(-1)).toMatchObject({ path: '/c/', isPaused: true });
    expect(got).toEqual(['b']);
    await mq.queue('/c').resume();
    await eventually(() => got.length === 2);
  });

  test('makes a consumer of a process that only published, or that is just starting', async () => {
    const got: string[] = [];
    const mq = broker.mq({ group: 'g' });
    await mq.start();
    expect(mq.health().consuming).toBe('none');
    await Promise.all([
      mq.consume('/a', ({ path }) => void got.push(path)),
      mq.consume('/b', ({ path }) => void got.push(path)),
    ]);
    expect(mq.health().consuming).toBe('running');
    const other = broker.mq({ group: 'h' });
    other.handle('/a', ({ path }) => void got.push(path));
    const started = other.start();
    other.handle('/b', ({ path }) => void got.push(path));
    await started;
    await mq.publish('/a', 1);
    await mq.publish('/b', 1);
    await eventually(() => got.length === 4);
    await mq.stop();
    await mq.start();
    await mq.publish('/b', 2);
    await eventually(() => got.length === 6);
  });
});

describe('the concurrency of', () => {
  test.each([
    ['a handler', false],
    ['a batch handler', true],
  ])(
    '%s can change while it runs',
    async (_, isBatch) => {
      let finish: (() => void)[] = [];
      const mq = broker.mq({ group: 'g' });
      const hang = (): Promise<void> => new Promise((resolve) => finish.push(resolve));
      if (isBatch) mq.handleBatch('/a', hang, { concurrency: 2, batch: { size: 1, waitMs: 0 } });
      else mq.handle('/a', hang, { concurrency: 2 });
      await mq.start();
      for (let n = 0; n < 20; n += 1) void mq.publish('/a', n);
      await eventually(() => finish.length === 2);
      mq.setConcurrency('/a', 5);
      await eventually(() => finish.length === 5);
      expect(mq.health().handlers[0]).toMatchObject({ slots: 5, running: 5 });
      mq.setConcurrency('/a', 1);
      const first = finish;
      finish = [];
      first.forEach((end) => end());
      await eventually(() => finish.length === 1);
      expect(mq.health().handlers[0]).toMatchObject({ slots: 1, running: 1 });
      await mq.stop();
      await mq.start();
      expect(mq.health().handlers[0]).toMatchObject({ slots: 1 });
    },
    15_000,
  );

  test('a path without a handler is refused, and so is an invalid value', async () => {
    const mq = await broker.consume('/a', () => undefined, { group: 'g' });
    expect(() => mq.setConcurrency('/a', 0)).toThrow(/"concurrency"/);
    expect(() => mq.setConcurrency('/b', 1)).toThrow(/"\/b\/" has no handler/);
  });
});
