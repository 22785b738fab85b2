import { setTimeout as sleep } from 'node:timers/promises';

import { describe, expect, test } from '@jest/globals';
import type { LeanMQ } from '@leanmq/core';

import { useBroker } from '../support/broker.js';
import { eventually } from '../support/eventually.js';

const broker = useBroker();

const pausedAt = async (mq: LeanMQ): Promise<number | undefined> =>
  (await mq.queue('/a').groups()).find(({ group }) => group === 'g')?.pausedAt;

test('a pause and its end are each reported once, even a pause older than the process', async () => {
  const told: string[] = [];
  const listen = (mq: LeanMQ, name: string): void => {
    mq.events.on('paused', ({ path, group }) => told.push(`${name} paused ${path} ${group}`));
    mq.events.on('resumed', ({ path, group }) => told.push(`${name} resumed ${path} ${group}`));
  };
  const first = await broker.consume('/a', () => undefined, { group: 'g' });
  listen(first, 'first');
  await first.queue('/a').pause();
  // Another change to the registry.
  await first.queue('/b').declareGroup('g');
  const second = broker.mq({ group: 'g' });
  listen(second, 'second');
  await second.consume('/a', () => undefined);
  await second.queue('/a').resume();
  await eventually(() => told.length >= 4);
  expect(told.toSorted()).toEqual([
    ...['first paused a g', 'first resumed a g', 'second paused a g', 'second resumed a g'],
  ]);
});

describe('pausing a group and waiting for running handlers', () => {
  test('resolves when the handlers of all its processes have ended, and nothing starts meanwhile', async () => {
    const finish: (() => void)[] = [];
    let ended = 0;
    const handler = async (): Promise<void> => {
      await new Promise<void>((resolve) => finish.push(resolve));
      ended += 1;
    };
    for (let n = 0; n < 2; n += 1) {
      await broker.consume('/a', handler, { group: 'g', handlers: { concurrency: 1 } });
    }
    const operator = broker.mq();
    for (let n = 0; n < 6; n += 1) await operator.publish('/a', n);
    await eventually(() => finish.length === 2);
    let isDrained = false;
    const drained = operator
      .queue('/a')
      .pause({ group: 'g', drain: true })
      .then(() => (isDrained = true));
    await eventually(async () => (await pausedAt(operator)) !== undefined);
    await sleep(1_500);
    expect(isDrained).toBe(false);
    finish.forEach((end) => end());
    await drained;
    expect(ended).toBe(2);
    expect(finish).toHaveLength(2);
    expect(await operator.queue('/a').groups()).toMatchObject([{ waiting: 4, inFlight: 0 }]);
  });

  test('rejects when the handlers take too long, and the group stays paused', async () => {
    const mq = await broker.consume('/a', () => new Promise(() => undefined), {
      ...{ group: 'g', drainTimeoutMs: 50 },
    });
    await mq.publish('/a', 1);
    await eventually(() => mq.health().handlers[0]?.running === 1);
    const drained = mq.queue('/a').pause({ drain: true, timeoutMs: 200 });
    await expect(drained).rejects.toMatchObject({ code: 'DRAIN_TIMEOUT', retryable: true });
    expect(await pausedAt(mq)).toBeDefined();
  });

  test('does not wait for what a dead process held', async () => {
    const mq = await broker.consume('/a', () => undefined, { group: 'g' });
    await mq.queue('/a').pause();
    await mq.publish('/a', 1);
    await broker.redis.xreadgroup('GROUP', 'g', 'dead', 'STREAMS', broker.key('a', 'log'), '>');
    await mq.queue('/a').pause({ drain: true });
  });
});

describe('a pause of a group', () => {
  test('is honoured within a second by all processes of the group only, and ends with resume()', async () => {
    const seen: [string, unknown][] = [];
    const reading = new Set<string>();
    for (const name of ['one', 'two']) {
      const mq = broker.mq({ group: 'g' });
      mq.handle('/open', () => void reading.add(name));
      await mq.consume('/a', ({ data }) => void seen.push([name, data]));
    }
    const others: unknown[] = [];
    await broker.consume('/a', ({ data }) => void others.push(data), { group: 'other' });
    const operator = broker.mq();
    await operator.queue('/a').pause('g');
    expect(await pausedAt(operator)).toBeGreaterThan(Date.now() - 60_000);
    // A pause may take this long and emits no event: only what is published later must not start.
    await sleep(1_000);
    for (let n = 0; n < 20; n += 1) await operator.publish('/a', n);
    await eventually(() => others.length === 20);
    // Both processes keep reading where they may.
    await eventually(async () => {
      await operator.publish('/open', 1);
      return reading.size === 2;
    });
    expect(seen).toEqual([]);
    expect(await operator.queue('/a').groups()).toMatchObject([{ waiting: 20, inFlight: 0 }, {}]);

    await operator.queue('/a').resume('g');
    await eventually(() => seen.length === 20, { timeoutMs: 1_500 });
    expect(await pausedAt(operator)).toBeUndefined();
    expect(new Set(seen.map(([, data]) => data)).size).toBe(20);
  });

  test('outlasts a restart: nothing starts, not even for a moment', async () => {
    const operator = broker.mq();
    await operator.queue('/a').declareGroup('g');
    await operator.queue('/a').pause('g');
    for (let n = 0; n < 20; n += 1) await operator.publish('/a', n);
    const seen: unknown[] = [];
    for (let start = 0; start < 3; start += 1) {
      const mq = broker.mq({ group: 'g' });
      let hasRead = false;
      mq.handle('/open', () => void (hasRead = true));
      await mq.consume('/a', ({ data }) => void seen.push(data));
      await operator.publish('/open', 1);
      await eventually(() => hasRead);
      await mq.close();
    }
    const once = broker.mq({ group: 'g' });
    once.handle('/a', ({ data }) => void seen.push(data));
    expect(await once.processOnce()).toMatchObject({ processed: 0 });
    expect(seen).toEqual([]);
    expect(await operator.queue('/a').groups()).toMatchObject([{ waiting: 20, inFlight: 0 }]);
    await operator.queue('/a').resume('g');
    expect(await once.processOnce()).toMatchObject({ processed: 20 });
  });

  test('releases what was read but not started, without an attempt; running handlers finish', async () => {
    const finish: (() => void)[] = [];
    const attempts: number[] = [];
    let slow = false;
    const mq = await broker.consume(
      '/a',
      async ({ attempt }) => {
        attempts.push(attempt);
        if (slow) await new Promise<void>((resolve) => finish.push(resolve));
      },
      { group: 'g', handlers: { concurrency: 2 } },
    );
    // Fast handlers at first, so the consumer reads ahead.
    for (let n = 0; n < 50; n += 1) await mq.publish('/a', n);
    await eventually(() => attempts.length === 50);
    await eventually(() => mq.health().inFlight === 0);
    slow = true;
    await mq.publishMany(
      '/a',
      Array.from({ length: 30 }, (_, data) => ({ data })),
    );
    await eventually(() => finish.length === 2 && mq.health().inFlight > 10);
    await mq.queue('/a').pause();
    await eventually(async () => {
      expect(await mq.queue('/a').groups()).toMatchObject([{ inFlight: 2, waiting: 28 }]);
    });
    finish.splice(0).forEach((resolve) => resolve());
    await eventually(() => mq.health().inFlight === 0);
    expect(finish).toEqual([]);

    slow = false;
    await mq.queue('/a').resume();
    await eventually(() => attempts.length === 80);
    expect(new Set(attempts)).toEqual(new Set([1]));
    expect(await mq.deadLetters('/a').count()).toBe(0);
  });

  test('can be repeated, and requires an existing group', async () => {
    const mq = broker.mq({ group: 'g' });
    await mq.publish('/a', 1);
    await expect(mq.queue('/a').pause()).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(mq.queue('/a').pause('a:b')).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await mq.queue('/a').declareGroup('g');
    await mq.queue('/a').pause();
    await mq.queue('/a').pause();
    await mq.queue('/a').resume();
    await mq.queue('/a').resume();
    expect(await pausedAt(mq)).toBeUndefined();
  });
});
