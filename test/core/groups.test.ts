import { describe, expect, test } from '@jest/globals';

import { useBroker } from '../support/broker.js';
import { eventually, nextEvent } from '../support/eventually.js';

const broker = useBroker();

describe('a group', () => {
  test('gets every message, and so does every other group', async () => {
    const got: Record<string, number[]> = { a: [], b: [], c: [] };
    for (const group of Object.keys(got)) {
      await broker.consume<number>('/fan', ({ data }) => void got[group]?.push(data), { group });
    }
    const mq = broker.mq();
    const numbers = Array.from({ length: 100 }, (_, index) => index);
    await Promise.all(numbers.map((n) => mq.publish('/fan', n)));
    await eventually(() => Object.values(got).every(({ length }) => length === 100));
    for (const list of Object.values(got)) expect(list.toSorted((x, y) => x - y)).toEqual(numbers);
  });

  test('of two consumers shares the work: each message goes to one of them', async () => {
    const got: [string, number][] = [];
    const handler =
      (name: string) =>
      async ({ data }: { data: number }): Promise<void> => {
        got.push([name, data]);
        await new Promise((resolve) => setTimeout(resolve, 5));
      };
    for (const name of ['one', 'two']) {
      await broker.consume<number>('/work', handler(name), {
        group: 'g',
        handlers: { concurrency: 4 },
      });
    }
    const mq = broker.mq();
    await Promise.all(Array.from({ length: 200 }, (_, n) => mq.publish('/work', n)));
    await eventually(() => got.length >= 200);
    expect(new Set(got.map(([, n]) => n)).size).toBe(200);
    for (const name of ['one', 'two']) {
      expect(got.filter(([who]) => who === name).length).toBeGreaterThan(40);
    }
  });

  test('that joins late gets the retained messages published before it', async () => {
    const mq = broker.mq();
    await mq.publish('/early', { n: 1 });
    const got: unknown[] = [];
    const late = await broker.consume('/early', ({ data }) => void got.push(data), {
      group: 'late',
    });
    await nextEvent(late.events, 'acked');
    expect(got).toEqual([{ n: 1 }]);
  });

  test('that starts from the latest gets only what is published afterwards', async () => {
    const mq = broker.mq();
    await mq.publish('/stream', 'before');
    const got: unknown[] = [];
    const late = await broker.consume('/stream', ({ data }) => void got.push(data), {
      group: 'late',
      startFrom: 'latest',
    });
    const acked = nextEvent(late.events, 'acked');
    await mq.publish('/stream', 'after');
    await acked;
    expect(got).toEqual(['after']);
  });

  test('leaves messages on a path that it has no handler for to another service', async () => {
    const mq = await broker.consume('/mine', () => undefined, { group: 'g' });
    await mq.publish('/theirs', 'kept');
    const acked = nextEvent(mq.events, 'acked');
    await mq.publish('/mine', 'x');
    await acked;
    expect(await broker.redis.xlen(broker.key('theirs', 'log'))).toBe(1);
  });

  test('keeps /a/b and /a_b apart and ignores slashes at the ends of a path', async () => {
    const got: string[] = [];
    const mq = broker.mq();
    mq.handle('/a/b', () => void got.push('a/b')).handle('/a_b', () => void got.push('a_b'));
    await mq.start();
    await mq.publish('a/b/', 1);
    await mq.publish('/a_b', 1);
    await eventually(() => got.length === 2);
    expect(got.toSorted()).toEqual(['a/b', 'a_b']);
  });
});
