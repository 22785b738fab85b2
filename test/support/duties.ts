import { expect } from '@jest/globals';
import type { LeanMQ } from '@leanmq/core';
import type { Redis } from 'ioredis';

import { eventually, nextEvent } from './eventually.js';

/** Does everything that a process without tidying duties does. */
export async function sends(mq: LeanMQ): Promise<void> {
  await mq.publish('/a', 1);
  await mq.publish('/a', 2, { messageId: 'two', headers: { x: 'y' }, ttlMs: 60_000 });
  await mq.publish('/a', 2, { messageId: 'two', headers: { x: 'y' }, ttlMs: 60_000 });
  await mq.publish('/a', 4, { delayMs: 50 });
  await mq.publish('/a', 5, { delayMs: 60_000, messageId: 'five' });
  expect(await mq.cancel('/a', 'five')).toBe('cancelled');
  await mq.transaction((tx) => {
    tx.send('/a', 6);
    tx.send('/b', 7, { delayMs: 50 });
  });
  await mq.publishMany('/b', [{ data: 8 }]);
  await mq.schedules.upsert({ id: 'often', path: '/b', everyMs: 60_000, data: 9 });
  await mq.schedules.runNow('often');
  expect(await mq.schedules.list()).toHaveLength(1);
  expect(await mq.schedules.remove('often')).toBe(true);
}

/** Does everything that a publisher does; `admin` checks the results and plays the other processes. */
export async function publishes(mq: LeanMQ, admin: Redis): Promise<void> {
  await mq.publish('/a', 1);
  await mq.publish('/a', 2, { messageId: 'two', headers: { x: 'y' } });
  await mq.publish('/a', 3, { ttlMs: 100 });
  await mq.publish('/a', 4, { delayMs: 50 });
  await mq.publish('/a', 5, { delayMs: 60_000, messageId: 'five' });
  expect(await mq.cancel('/a', 'five')).toBe('cancelled');
  await mq.transaction((tx) => {
    tx.send('/a', 6);
    tx.send('/b', 7, { delayMs: 50 });
  });
  await mq.publishMany('/b', [{ data: 8 }]);
  const ticked = nextEvent(mq.events, 'ticked');
  await mq.schedules.upsert({ id: 'often', path: '/b', everyMs: 1_000, data: 9 });
  await ticked;
  await mq.schedules.runNow('often');
  expect(await mq.schedules.list()).toHaveLength(1);
  expect(await mq.schedules.get('often')).toBeDefined();
  expect(await mq.schedules.remove('often')).toBe(true);
  await eventually(async () => (await admin.zcard('leanmq:{b}:schedule')) === 0);
  // A publisher keeps its routes tidy too.
  await admin.xgroup('CREATE', 'leanmq:{a}:log', 'late', '0');
  await eventually(async () => (await admin.zcard('leanmq:{a}:expiry')) === 0);
}

/** Does everything that a consumer does. */
export async function consumes(mq: LeanMQ, admin: Redis): Promise<void> {
  const done: string[] = [];
  mq.handle<number>('/fails', ({ data }) => {
    throw new Error(`no ${data}`);
  });
  mq.handle<number>('/flaky', ({ attempt }) => {
    if (attempt === 1) throw new Error('not yet');
    done.push('flaky');
  });
  mq.handle('/once', () => void done.push('once'), { idempotent: true, onExpired: 'dead-letter' });
  mq.handle('/limited', () => void done.push('limited'), { rateLimit: { count: 10, perMs: 100 } });
  mq.handleBatch('/batch', () => void done.push('batch'));
  mq.handle('/slow', async ({ signal }) => {
    // Runs long enough for heartbeats, and is released when the process stops.
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
  });
  // A delivery left behind by a process that is gone.
  await mq.queue('/left').declareGroup('g');
  await mq.publish('/left', 1);
  await admin.xreadgroup('GROUP', 'g', 'gone', 'STREAMS', 'leanmq:{left}:log', '>');
  mq.handle('/left', () => void done.push('left'));
  await mq.start();
  for (const path of ['/fails', '/flaky', '/once', '/limited', '/batch', '/slow']) {
    await mq.publish(path, 1);
  }
  await eventually(() =>
    ['flaky', 'once', 'limited', 'batch', 'left'].every((each) => done.includes(each)),
  );
  await eventually(async () => (await mq.deadLetters('/fails').count()) === 1, {
    timeoutMs: 10_000,
  });
  // After a broken connection the reader sets itself up again.
  const regained = nextEvent(mq.events, 'connectionRegained');
  await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  await regained;
  const acked = nextEvent(mq.events, 'acked');
  await mq.publish('/once', 2);
  await acked;
  const released = nextEvent(mq.events, 'released');
  await Promise.all([released, mq.stop()]);
  const [pulled] = await mq.receive('/pulled', { blockMs: 50 });
  expect(pulled).toBeUndefined();
  await mq.publish('/pulled', 1);
  const [first] = await mq.receive('/pulled', { blockMs: 500 });
  await first?.retry();
  const [again] = await mq.receive('/pulled', { blockMs: 500 });
  await again?.ack();
}

/** Does everything that a process that manages queues does. */
export async function manages(mq: LeanMQ): Promise<void> {
  const queue = mq.queue('/a');
  await queue.declareGroup('g');
  await queue.declareGroup('other');
  const { id } = await mq.publish('/a', 1);
  const [held] = await mq.receive('/a');
  expect(await queue.inFlight()).toHaveLength(1);
  await held?.deadLetter();
  expect(await queue.find(id)).toBeDefined();
  expect(await mq.queues()).toHaveLength(1);
  await queue.info();
  await queue.groups();
  await queue.pause();
  await queue.resume();
  await queue.configure({ maxLength: 1_000, deadLetters: { maxCount: 10 } });
  await queue.sweep();
  const letters = mq.deadLetters('/a');
  const [letter] = await letters.list();
  await letters.get(letter?.id ?? '');
  await letters.fingerprints();
  await letters.replay(letter?.id ?? '');
  const [replayed] = await mq.receive('/a');
  await replayed?.deadLetter();
  const [second] = await letters.list();
  await letters.moveTo('/elsewhere', second?.id ?? '');
  expect(await letters.discard([])).toBe(0);
  await mq.replay('/a', { group: 'other' });
  await mq.publish('/a', 2);
  await queue.purge();
  const { id: removed } = await mq.publish('/a', 3);
  await queue.remove(removed, { allGroups: true });
  await queue.purge({ allGroups: true });
  await queue.removeGroup('other');
  await mq.publish('/a', 4, { messageId: 'four' });
  await queue.delete();
}
