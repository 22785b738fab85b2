import { readFile } from 'node:fs/promises';
import { inspect } from 'node:util';

import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { LeanMQ, type LeanMQOptions } from '@leanmq/core';
import type { Redis } from 'ioredis';

import { QUICK } from '../support/broker.js';
import { eventually, nextEvent } from '../support/eventually.js';
import { connectTo, disconnect } from '../support/redis.js';
import { RedisServer } from '../support/redis-server.js';

const PASSWORD = 'correct-horse-battery';
/** Of the documented permissions those that a process does without. */
const OPTIONAL = ['+client|kill'];

let server: RedisServer;
let admin: Redis;
/** The rules of each user, as the documentation has them. */
let documented: Map<string, string[]>;
let opened: LeanMQ[] = [];
let faults: string[] = [];

beforeAll(async () => {
  server = await RedisServer.start();
  admin = await connectTo(server.url);
  const page = await readFile(new URL('../../docs/operations.md', import.meta.url), 'utf8');
  documented = new Map(
    [...page.matchAll(/^ACL SETUSER (\S+) (.*)$/gm)].map(([, name = '', rules = '']) => [
      name,
      rules.replace('PASSWORD', PASSWORD).split(' '),
    ]),
  );
});
afterEach(async () => {
  await Promise.all(opened.map((mq) => mq.close()));
  [opened, faults] = [[], []];
  await admin.flushall();
});
afterAll(async () => {
  disconnect(admin);
  await server.stop();
});

/** A process as a user with these rules. */
async function as(name: string, rules: readonly string[], password = PASSWORD): Promise<LeanMQ> {
  await admin.acl('SETUSER', name, 'reset', ...rules);
  const { port } = server;
  const redis: LeanMQOptions['redis'] = { host: '127.0.0.1', port, username: name, password };
  const mq = new LeanMQ({ ...QUICK, redis, group: 'g', connectTimeoutMs: 3_000 });
  mq.events.on('fault', ({ where, error }) => faults.push(`${where}: ${error.message}`));
  opened.push(mq);
  return mq;
}

function rulesOf(name: string): string[] {
  return documented.get(name) ?? [];
}

/** Everything that a process does which only publishes. */
async function publishes(mq: LeanMQ): Promise<void> {
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
  // It keeps its routes tidy too.
  await admin.xgroup('CREATE', 'leanmq:{a}:log', 'late', '0');
  await eventually(async () => (await admin.zcard('leanmq:{a}:expiry')) === 0);
}

/** Everything that a process does which subscribes. */
async function consumes(mq: LeanMQ): Promise<void> {
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
    // Long enough for heartbeats, and released when the process stops.
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
  });
  // What a process left behind that is no more.
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
  // After a broken connection the reader settles in anew.
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

/** Everything that a process does which looks after queues. */
async function manages(mq: LeanMQ): Promise<void> {
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

describe('a user with the documented permissions and no others', () => {
  test('can do everything that a publisher does', async () => {
    const mq = await as('publisher', rulesOf('publisher'));
    await publishes(mq);
    expect(faults).toEqual([]);
  });

  test('can do everything that a consumer does', async () => {
    const mq = await as('consumer', rulesOf('consumer'));
    await publishes(mq);
    await consumes(mq);
    expect(faults).toEqual([]);
  });

  test('can do everything that an operator does', async () => {
    const mq = await as('operator', rulesOf('operator'));
    await manages(mq);
    expect(faults).toEqual([]);
  });

  test.each(['publisher', 'consumer'])(
    'as a %s is refused at the start when one is missing, and the error names it',
    async (name) => {
      const rules = rulesOf(name);
      const needed = rules.filter((rule) => rule.startsWith('+') && !OPTIONAL.includes(rule));
      expect(needed.length).toBeGreaterThan(30);
      for (const missing of needed) {
        const mq = await as(
          'short',
          rules.filter((rule) => rule !== missing),
        );
        mq.handle('/a', () => undefined);
        const starting = name === 'publisher' ? mq.connect() : mq.start();
        const failure = expect(starting).rejects;
        await failure.toMatchObject({ code: 'BROKER_DENIED', retryable: false });
        const named = new RegExp(`\\b${missing.slice(1).replace('|', '\\|')}\\b`);
        await failure.toThrow(named);
        await mq.close();
      }
    },
  );

  test('does without those that are said to be optional', async () => {
    const rules = rulesOf('consumer').filter((rule) => !OPTIONAL.includes(rule));
    const mq = await as('consumer', rules);
    await consumes(mq);
    expect(faults).toEqual([]);
  });
});

describe('a user who may not', () => {
  test('wait for replicas is refused at the start of a process that has to', async () => {
    for (const [rules, code] of [
      [[], 'BROKER_DENIED'],
      [['+wait'], 'NOT_REPLICATED'],
    ] as const) {
      await admin.acl('SETUSER', 'durable', 'reset', ...rulesOf('publisher'), ...rules);
      const mq = new LeanMQ({
        redis: `redis://durable:${PASSWORD}@127.0.0.1:${server.port}`,
        durability: { replicas: 1, timeoutMs: 50 },
      });
      opened.push(mq);
      await expect(mq.publish('/a', 1)).rejects.toMatchObject({ code });
    }
  });

  test('touch the keys is refused at the start', async () => {
    const rules = rulesOf('consumer').map((rule) => rule.replace('~leanmq:', '~other:'));
    const mq = await as('stranger', rules);
    await expect(mq.connect()).rejects.toMatchObject({ code: 'BROKER_DENIED' });
    await expect(mq.connect()).rejects.toThrow(/keys|a key/);
  });

  test('look after queues is told so before anything is changed', async () => {
    const mq = await as('consumer', rulesOf('consumer'));
    const queue = mq.queue('/a');
    await queue.declareGroup('g');
    await mq.publish('/a', 1, { delayMs: 60_000 });
    const operations = [() => queue.purge(), () => queue.delete(), () => queue.removeGroup('g')];
    for (const operation of operations) {
      await expect(operation()).rejects.toMatchObject({ code: 'BROKER_DENIED' });
    }
    expect(await admin.zcard('leanmq:{a}:schedule')).toBe(1);
    expect(await queue.groups()).toHaveLength(1);
  });

  test.each([
    ['has a wrong password', 'consumer', 'wrong-horse'],
    ['is not there', 'nobody', PASSWORD],
  ])(
    'connect because it %s is told so at once, without the password',
    async (_, name, password) => {
      await admin.acl('SETUSER', 'consumer', 'reset', ...rulesOf('consumer'));
      const { port } = server;
      const url = `redis://${name}:${password}@127.0.0.1:${port}`;
      const mq = new LeanMQ({ ...QUICK, redis: url, group: 'g', connectTimeoutMs: 20_000 });
      opened.push(mq);
      const beganAt = performance.now();
      const failure: unknown = await mq.connect().catch((error: unknown) => error);
      expect(performance.now() - beganAt).toBeLessThan(10_000);
      expect(failure).toMatchObject({ code: 'BROKER_DENIED', retryable: false });
      expect((failure as Error).message).toMatch(/WRONGPASS.*option "redis"/s);
      expect(inspect(failure, { depth: 10, showHidden: true })).not.toContain(password);
    },
  );
});
