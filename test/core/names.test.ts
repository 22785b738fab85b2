import { describe, expect, test } from '@jest/globals';
import type { LeanMQ } from '@leanmq/core';

import { useBroker } from '../support/broker.js';
import { eventually } from '../support/eventually.js';

const broker = useBroker();

/** Paths that resemble one another. */
const PATHS = [
  'orders',
  'orders/eu',
  'orders:eu',
  'orders eu',
  ' orders',
  'orders*',
  'orders?',
  'order[s]',
  'orders}',
  '{orders}',
  'orders:log',
  'orders}:log',
  'orders:inbox:g',
  'orders%7D',
  'orders|1-0',
  'größe/🚀',
  '注文/👩‍👩‍👧',
  'a.b',
  'a-b',
  'a/b',
  'a_b',
];

/** Groups whose names contain one another, or look like patterns or parts of keys. */
const GROUPS = [
  'a',
  'aa',
  'a.',
  'a.a',
  'orders',
  'orders-eu',
  'orders.eu',
  'log',
  'dead',
  '-',
  '..',
];

/** Counts what a path holds for each group: waiting, in flight, scheduled and dead. */
async function stateOf(mq: LeanMQ, path: string): Promise<Record<string, unknown>> {
  const { groups, scheduled: delayed } = await mq.queue(path).info();
  const state: Record<string, unknown> = { delayed };
  for (const { group, waiting, inFlight, scheduled, dead, isRemoved } of groups) {
    state[group] = isRemoved ? 'removed' : { waiting, inFlight, scheduled, dead };
  }
  return state;
}

const FULL = { waiting: 1, inFlight: 0, scheduled: 1, dead: 1 };

/** Gives each group one dead letter, one scheduled retry and one waiting message. */
async function fill(path: string, groups: readonly string[]): Promise<LeanMQ> {
  const mq = broker.mq({ group: 'keeper', sweepMs: 60_000 });
  const queue = mq.queue(path);
  for (const group of groups) await queue.declareGroup(group);
  await mq.publish(path, 'dies');
  await mq.publish(path, 'comes again');
  for (const group of groups) {
    const own = broker.mq({ group, sweepMs: 60_000 });
    const [first, second] = await own.receive(path, { count: 2 });
    await first?.deadLetter();
    await second?.retry({ afterMs: 60_000 });
    await own.close();
  }
  await mq.publish(path, 'waits');
  return mq;
}

describe('paths', () => {
  test('that look alike are separate: each message reaches its own handler only, also by retry and replay', async () => {
    const mq = broker.mq({ group: 'g', handlers: { attempts: 2 } });
    const got: [path: string, sentTo: string][] = [];
    for (const path of PATHS) {
      mq.handle<string>(path, (delivery) => {
        got.push([delivery.path, delivery.data]);
        throw new Error('always');
      });
    }
    await mq.start();
    for (const path of PATHS) await mq.publish(path, path);
    for (const path of PATHS) {
      await eventually(async () => (await mq.deadLetters(path).count()) === 1);
    }
    for (const path of PATHS) await mq.deadLetters(path).replayAll();
    await eventually(() => got.length === PATHS.length * 4);
    expect(got.filter(([path, sentTo]) => path !== sentTo)).toEqual([]);
    const known = (await mq.queues()).map(({ path }) => path);
    expect(known.toSorted()).toEqual(PATHS.toSorted());
  });

  test('that look alike keep their messages when another of them is purged or deleted', async () => {
    const some = ['orders', 'orders/eu', 'orders*', '{orders}', 'orders:log', 'orders}:log'];
    const mq = broker.mq({ group: 'g' });
    for (const path of some) {
      await mq.queue(path).declareGroup('g');
      await mq.publish(path, path);
      await mq.publish(path, path, { delayMs: 60_000 });
    }
    const left = new Set(some);
    const check = async (): Promise<void> => {
      for (const path of left) {
        const { waiting } = (await mq.queue(path).groups())[0]!;
        expect([path, waiting, (await mq.queue(path).info()).scheduled]).toEqual([path, 1, 1]);
      }
    };
    for (const path of ['orders*', 'orders', 'orders}:log']) {
      left.delete(path);
      await mq.queue(path).purge({ allGroups: true });
      await check();
      await mq.queue(path).delete();
      await check();
    }
  });

  test.each(['a\nb', 'a\0b', 'a\u007f', '\ud800', '', '/', 'x'.repeat(513)])(
    'with invalid characters or an invalid length are refused: %j',
    async (path) => {
      const mq = broker.mq();
      await expect(mq.publish(path, 1)).rejects.toMatchObject({ code: 'PATH_INVALID' });
      expect(() => mq.handle(path, () => undefined)).toThrow(/is not a webhook path/);
    },
  );
});

describe('groups whose names contain one another', () => {
  test('get, retry, dead-letter and replay only their own messages', async () => {
    const got: string[] = [];
    const services = await Promise.all(
      GROUPS.map((group) =>
        broker.consume(
          '/a',
          ({ group: reached, attempt }) => {
            got.push(`${group} ${reached} ${attempt}`);
            // Only group "a" fails.
            if (group === 'a') throw new Error('always');
          },
          { group, handlers: { attempts: 2 } },
        ),
      ),
    );
    await services[0]!.publish('/a', 1);
    await eventually(async () => (await services[0]!.deadLetters('/a').count()) === 1);
    await services[0]!.deadLetters('/a').replayAll();
    await eventually(async () => (await services[0]!.deadLetters('/a').count()) === 1);
    await eventually(() => got.length === GROUPS.length + 3);
    const expected = GROUPS.map((group) => `${group} ${group} 1`);
    expect(got.toSorted()).toEqual([...expected, 'a a 1', 'a a 2', 'a a 2'].toSorted());
    for (const other of services.slice(1)) expect(await other.deadLetters('/a').count()).toBe(0);
  });

  test('are counted separately', async () => {
    const mq = await fill('/a', GROUPS);
    const expected = Object.fromEntries(GROUPS.map((group) => [group, FULL]));
    expect(await stateOf(mq, '/a')).toEqual({ delayed: 0, ...expected });
  });

  test.each<[string, (mq: LeanMQ, group: string) => Promise<unknown>, unknown]>([
    [
      'purged',
      (mq, group) => mq.queue('/a').purge({ group }),
      { ...FULL, waiting: 0, scheduled: 0 },
    ],
    ['removed', (mq, group) => mq.queue('/a').removeGroup(group), 'removed'],
    [
      'discarding its dead letters',
      async (mq, group) => {
        const letters = mq.deadLetters('/a', group);
        return letters.discard((await letters.list()).map(({ id }) => id));
      },
      { ...FULL, dead: 0 },
    ],
    [
      'replaying its dead letters',
      (mq, group) => mq.deadLetters('/a', group).replayAll(),
      { ...FULL, waiting: 2, dead: 0 },
    ],
    ['replaying its history', (mq, group) => mq.replay('/a', { group }), { ...FULL, waiting: 4 }],
  ])('keep their messages while one of them is %s', async (_, operation, after) => {
    const mq = await fill('/a', GROUPS);
    const done = new Map<string, unknown>();
    for (const group of ['a', 'orders', '..', 'log']) {
      await operation(mq, group);
      done.set(group, after);
      const expected = Object.fromEntries(GROUPS.map((each) => [each, done.get(each) ?? FULL]));
      expect(await stateOf(mq, '/a')).toEqual({ delayed: 0, ...expected });
    }
  });

  test('are paused separately', async () => {
    const mq = broker.mq({ group: 'a' });
    for (const group of GROUPS) await mq.queue('/a').declareGroup(group);
    await mq.queue('/a').pause('a');
    const paused = (await mq.queue('/a').groups()).filter(({ pausedAt }) => pausedAt !== undefined);
    expect(paused.map(({ group }) => group)).toEqual(['a']);
  });
});
