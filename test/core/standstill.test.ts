import { describe, expect, test } from '@jest/globals';
import type { LeanMQ, LeanMQEvents } from '@leanmq/core';

import { useBroker } from '../support/broker.js';
import { eventually, nextEvent } from '../support/eventually.js';

const broker = useBroker();

/** Collects the messages of warnings with a code. */
function warningsOf(mq: LeanMQ, code: string): string[] {
  const messages: string[] = [];
  mq.events.on('warning', (warning) => {
    if (warning.code === code) messages.push(warning.message);
  });
  return messages;
}

async function publishMany(mq: LeanMQ, path: string, count: number): Promise<void> {
  await mq.publishMany(
    path,
    Array.from({ length: count }, (_, data) => ({ data })),
  );
}

describe('a handler that exceeds its timeout', () => {
  test('and ignores its signal is reported once while it holds a slot, and once more when all slots are held', async () => {
    const finish: (() => void)[] = [];
    const mq = broker.mq({ group: 'g', drainTimeoutMs: 50 });
    const warnings = warningsOf(mq, 'HANDLER_STUCK');
    let others = 0;
    mq.handle('/a', () => new Promise<void>((resolve) => finish.push(resolve)), {
      ...{ concurrency: 2, handlerTimeoutMs: 50, attempts: 1 },
    });
    mq.handle('/b', () => void (others += 1));
    await mq.start();
    await mq.publish('/a', 1);
    await eventually(() => mq.health().stuck === 1);
    expect(mq.health().handlers[0]).toMatchObject({ path: '/a/', slots: 2, running: 1, stuck: 1 });
    await eventually(() => warnings.length === 1);
    await publishMany(mq, '/a', 5);
    await eventually(() => warnings.length === 2);
    expect(warnings[0]).toMatch(/^1 of 2 slots of "\/a\/" are held/);
    expect(warnings[1]).toMatch(/^2 of 2 slots of "\/a\/" are held .* nothing is delivered here/);
    const [stuck] = mq.health().handlers;
    expect(stuck).toMatchObject({ running: 2, stuck: 2, busyForMs: expect.any(Number) });
    // Other queues continue.
    await mq.publish('/b', 1);
    await eventually(() => others === 1);
    expect(warnings).toHaveLength(2);
    finish.forEach((end) => end());
    await eventually(() => finish.length > 2);
    expect(mq.health().status).toBe('up');
  }, 20_000);

  test('and ends with its signal is not reported', async () => {
    const mq = broker.mq({ group: 'g' });
    const warnings = warningsOf(mq, 'HANDLER_STUCK');
    const aborted = ({ signal }: { signal: AbortSignal }): Promise<void> =>
      new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
    mq.handle('/a', aborted, { handlerTimeoutMs: 50, attempts: 1 });
    await mq.start();
    const dead = nextEvent<LeanMQEvents['deadLettered'][0]>(mq.events, 'deadLettered');
    const { id } = await mq.publish('/a', 1);
    const { runMs, publishedAt } = await dead;
    expect(runMs).toBeGreaterThanOrEqual(49);
    expect(runMs).toBeLessThan(2_000);
    expect(publishedAt).toBe(Number(id.split('-')[0]));
    await eventually(() => mq.health().handlers[0]?.running === 0);
    expect(mq.health().stuck).toBe(0);
    expect(warnings).toEqual([]);
  });
});

test('a handler that runs for too long is reported once, with its message, and continues', async () => {
  let finish = (): void => undefined;
  const running = new Promise<void>((resolve) => (finish = resolve));
  const mq = broker.mq({ group: 'g' });
  const warnings = warningsOf(mq, 'HANDLER_RUNS_LONG');
  mq.handle('/a', () => running, { longRunningMs: 200 });
  mq.handle('/b', () => running);
  await mq.start();
  const first = await mq.publish('/a', 1);
  await mq.publish('/a', 2);
  await mq.publish('/b', 1);
  await eventually(() => warnings.length === 1);
  expect(warnings[0]).toContain(`"/a/" has been running for`);
  expect(warnings[0]).toContain(first.id);
  const longest = (): number => mq.health().handlers[0]?.longestRunMs ?? 0;
  await eventually(() => longest() > 2_400);
  expect(warnings).toHaveLength(1);
  const acked = nextEvent(mq.events, 'acked');
  finish();
  await acked;
});

describe('the numbers of a queue show why nothing is delivered', () => {
  test('when all slots are busy, a permit is waited for, or a group is paused', async () => {
    let finish = (): void => undefined;
    const running = new Promise<void>((resolve) => (finish = resolve));
    const mq = broker.mq({ group: 'g' });
    mq.handle('/busy', () => running, { concurrency: 1 });
    mq.handle('/rate', () => undefined, { rateLimit: { count: 1, perMs: 60_000 } });
    mq.handle('/paused', () => undefined);
    mq.handle('/idle', () => undefined);
    await mq.start();
    await mq.queue('/paused').pause();
    for (const path of ['/busy', '/rate', '/paused']) await publishMany(mq, path, 3);
    await eventually(() => {
      const [busy, rate, paused, idle] = mq.health().handlers;
      expect(busy).toMatchObject({ running: 1, busyForMs: expect.any(Number) });
      expect(rate).toMatchObject({ running: 0, busyForMs: undefined });
      expect(rate).toMatchObject({ permitForMs: expect.any(Number) });
      // On a slow machine the first permit may come too late to be used.
      expect(rate?.waiting).toBeGreaterThanOrEqual(2);
      expect(paused).toMatchObject({ isPaused: true, running: 0, waiting: 0 });
      const quiet = { isPaused: false, running: 0, stuck: 0, waiting: 0, longestRunMs: undefined };
      expect(idle).toMatchObject({ ...quiet, busyForMs: undefined, permitForMs: undefined });
    });
    finish();
    await eventually(() => mq.health().handlers[0]?.busyForMs === undefined);
  });

  test('when Redis refuses a command that delivery needs', async () => {
    const mq = await broker.consume('/a', () => undefined, { group: 'g' });
    expect(mq.health().refused).toEqual([]);
    const fault = nextEvent(mq.events, 'fault');
    await broker.redis.del(broker.key('a', 'log'));
    await broker.redis.set(broker.key('a', 'log'), 'of another type');
    await fault;
    await eventually(() => {
      const { refused } = mq.health();
      expect(refused.map(({ where }) => where)).toContain('consume');
      expect(refused[0]?.reply).toMatch(/WRONGTYPE/);
    });
  });
});

test('a retry reports how long its attempt ran and when its message was published', async () => {
  const mq = broker.mq({ group: 'g' });
  mq.handle('/a', async ({ attempt }) => {
    await new Promise((resolve) => setTimeout(resolve, 60));
    if (attempt === 1) throw new Error('once');
  });
  await mq.start();
  const retried = nextEvent<LeanMQEvents['retried'][0]>(mq.events, 'retried');
  const acked = nextEvent<LeanMQEvents['acked'][0]>(mq.events, 'acked');
  const { id } = await mq.publish('/a', 1);
  const publishedAt = Number(id.split('-')[0]);
  expect(await retried).toMatchObject({ attempt: 1, publishedAt });
  expect((await retried).runMs).toBeGreaterThanOrEqual(59);
  expect(await acked).toMatchObject({ attempt: 2, publishedAt });
});

test('a send to a queue without subscribers is reported once, and a send to one with a group is not', async () => {
  const mq = broker.mq();
  const warnings = warningsOf(mq, 'NO_GROUP');
  await broker.mq().queue('/heard').declareGroup('g');
  await mq.connect();
  await publishMany(mq, '/heard', 2);
  await publishMany(mq, '/misspelt', 2);
  await mq.publish('/misspelt', 3);
  await eventually(() => warnings.length > 0);
  await publishMany(mq, '/heard', 2);
  expect(warnings).toEqual([expect.stringContaining('No group has subscribed to "/misspelt/"')]);
});
