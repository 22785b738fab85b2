import { describe, expect, test } from '@jest/globals';
import type { LeanMQ, PulledDelivery } from '@leanmq/core';

import { useBroker } from '../support/broker.js';
import { eventually } from '../support/eventually.js';

const broker = useBroker();
const MANY = 12;

/** Receives everything that was published: from the log, or from the inbox after one release. */
async function receiveFrom(source: 'log' | 'inbox', mq: LeanMQ): Promise<PulledDelivery<number>[]> {
  const items = Array.from({ length: MANY }, (_, data) => ({ data }));
  await mq.queue('/a').declareGroup('g');
  await mq.publishMany('/a', items);
  const received = await mq.receive<number>('/a', { count: MANY });
  expect(received).toHaveLength(MANY);
  if (source === 'log') return received;
  await Promise.all(received.map((delivery) => delivery.release()));
  return mq.receive<number>('/a', { count: MANY });
}

const bodiesOf = async (key: string): Promise<string[]> => {
  const entries = await broker.redis.xrange(key, '-', '+');
  return entries.map(([, fields]) => fields[fields.indexOf('d') + 1] ?? '').sort();
};

describe('deliveries that end in the same turn', () => {
  test.each([
    ['log', 'first'],
    ['log', 'last'],
    ['inbox', 'first'],
    ['inbox', 'last'],
  ] as const)(
    'from the %s each go their own way, with the %s one first, if this consumer still owns them',
    async (source, leader) => {
      const mq = broker.mq({ group: 'g' });
      const received = await receiveFrom(source, mq);
      const stream = broker.key('a', source === 'log' ? 'log' : 'inbox:g');
      const ids = ((await broker.redis.xpending(stream, 'g', '-', '+', 100)) as [string][]).map(
        ([id]) => id,
      );
      expect(ids).toHaveLength(MANY);
      const stolen = [ids[3], ids[7]] as string[];
      await broker.redis.xclaim(stream, 'g', 'thief', 0, ...stolen);
      await broker.redis.xdel(stream, ids[5] as string);

      // Of every three deliveries, the first is due at once, the second waits and the third is dead.
      const outcomes = await Promise.all(
        (leader === 'first' ? received : received.toReversed()).map(async (delivery) => {
          const which = delivery.data % 3;
          const settled =
            which === 2
              ? delivery.deadLetter('no use')
              : delivery.retry({ afterMs: which === 0 ? 0 : 60_000 });
          return [delivery.data, await settled] as const;
        }),
      );

      const lost = outcomes.filter(([, outcome]) => outcome === 'lease-lost').map(([data]) => data);
      expect(lost.toSorted()).toEqual([3, 5, 7]);
      const inbox = await bodiesOf(broker.key('a', 'inbox:g'));
      expect(inbox).toEqual(source === 'log' ? ['0', '6', '9'] : ['0', '3', '6', '7', '9']);
      expect(await bodiesOf(broker.key('a', 'dead:g'))).toEqual(['11', '2', '8']);
      const waiting = await broker.redis.zrange(broker.key('a', 'schedule'), '0', '-1');
      expect(waiting).toEqual([1, 4, 10].map((at) => `retry:g:${source}:${ids[at] as string}`));
      expect(await broker.redis.hkeys(broker.key('a', 'scheduled'))).toHaveLength(3);
      const pending = (await broker.redis.xpending(stream, 'g', '-', '+', 100)) as [string][];
      expect(pending.map(([id]) => id)).toEqual(stolen);
    },
  );

  test('keep the stacks of a few of their errors, and of every error that dead-letters a message', async () => {
    const stacks: (string | undefined)[] = [];
    const mq = broker.mq({
      ...{ group: 'g' },
      handlers: { attempts: 2, backoff: { type: 'fixed', delayMs: 0 }, concurrency: 64 },
    });
    await mq.queue('/a').declareGroup('g');
    await mq.publishMany(
      '/a',
      Array.from({ length: 50 }, (_, data) => ({ data })),
    );
    mq.events.on('retried', ({ error }) => stacks.push(error.stack));
    const buried = new Promise<(string | undefined)[]>((resolve) => {
      const found: (string | undefined)[] = [];
      mq.events.on('deadLettered', ({ error }) => {
        found.push(error?.stack);
        if (found.length === 50) resolve(found);
      });
    });
    await mq.consume('/a', () => {
      throw new Error('again');
    });
    for (const stack of await buried) expect(stack).toContain('Error: again');
    expect(stacks).toHaveLength(50);
    const told = stacks.filter((stack) => stack !== undefined);
    expect(told.length).toBeGreaterThan(0);
    expect(told.length).toBeLessThan(50);
  });
});

describe('a delivery that cannot be handed over', () => {
  const wide = (field: string, value: string): string[] =>
    [...Array.from({ length: 4_000 }, (_, at) => [`f${at}`, '1']), [field, value]].flat();

  test('because its entry is too wide becomes a truncated dead letter, and failing neighbours are settled', async () => {
    const mq = broker.mq({ group: 'g', handlers: { attempts: 1, concurrency: 64 } });
    await mq.queue('/a').declareGroup('g');
    await broker.redis.xadd(broker.key('a', 'log'), '*', ...wide('d', '"wide"'));
    const items = Array.from({ length: 20 }, (_, data) => ({ data }));
    await mq.publishMany('/a', items);
    const crashes: number[] = [];
    await mq.consume('/a', (delivery) => {
      crashes.push(delivery.crashes);
      throw new Error('no');
    });
    await eventually(async () => (await mq.deadLetters('/a').count()) === 21);
    const letters = await mq.deadLetters('/a').list({ count: 50 });
    const undecodable = letters.filter(({ reason }) => reason === 'undecodable');
    expect(undecodable).toHaveLength(1);
    expect(undecodable[0]?.error?.message).toMatch(/4001 fields/);
    expect(crashes).toEqual(items.map(() => 0));
    // The payload is kept although it came last.
    expect(await bodiesOf(broker.key('a', 'dead:g'))).toContain('"wide"');
    expect(((await broker.redis.xpending(broker.key('a', 'log'), 'g')) as [number])[0]).toBe(0);
  });

  test('because its entry is too wide is dead-lettered, not released', async () => {
    const mq = broker.mq({ group: 'g' });
    await mq.queue('/a').declareGroup('g');
    await broker.redis.xadd(broker.key('a', 'log'), '*', 'd', '1', ...wide('d', '"wide"'));
    expect(await mq.receive('/a')).toEqual([]);
    await eventually(async () => (await mq.deadLetters('/a').count()) === 1);
  });

  test('because the dead-letter stream is out of ids waits, while its neighbour is moved once', async () => {
    const mq = broker.mq({ group: 'g' });
    const warnings: string[] = [];
    mq.events.on('warning', ({ code }) => warnings.push(code));
    await mq.queue('/a').declareGroup('g');
    await mq.publishMany('/a', [{ data: 'rejected' }, { data: 'retried' }]);
    const received = await mq.receive<string>('/a', { count: 2 });
    const dead = broker.key('a', 'dead:g');
    await broker.redis.xadd(dead, '18446744073709551615-18446744073709551615', 'd', '1');
    const settled = received.map((delivery) =>
      delivery.data === 'rejected' ? delivery.deadLetter('no') : delivery.retry({ afterMs: 0 }),
    );
    await eventually(() => warnings.includes('HAND_OVER_BLOCKED'));
    expect(await bodiesOf(broker.key('a', 'inbox:g'))).toEqual(['"retried"']);
    const pending = await broker.redis.xpending(broker.key('a', 'log'), 'g', '-', '+', 10);
    expect(pending).toHaveLength(1);
    await broker.redis.del(dead);
    await Promise.all(settled);
    expect(await bodiesOf(dead)).toEqual(['"rejected"']);
    expect(await bodiesOf(broker.key('a', 'inbox:g'))).toEqual(['"retried"']);
  });

  test.each(['dead:g', 'schedule'] as const)(
    'because the key "%s" has the wrong type waits with a warning and holds up no other delivery',
    async (blocked) => {
      const mq = broker.mq({ group: 'g', handlers: { attempts: 2 } });
      const warnings: string[] = [];
      mq.events.on('warning', ({ code }) => warnings.push(code));
      await mq.queue('/a').declareGroup('g');
      await mq.publishMany(
        '/a',
        ['rejected', 'retried'].map((data) => ({ data })),
      );
      const received = await mq.receive<string>('/a', { count: 2 });
      const key = broker.key('a', blocked);
      await broker.redis.set(key, 'of another type');
      let settled = 0;
      const settling = received.map(async (delivery) => {
        const retry = delivery.data === 'retried';
        await (retry ? delivery.retry({ afterMs: 60_000 }) : delivery.deadLetter());
        settled += 1;
      });
      await eventually(() => settled === 1);
      await eventually(() => warnings.includes('HAND_OVER_BLOCKED'));
      await broker.redis.del(key);
      await Promise.all(settling);
      expect(await mq.deadLetters('/a').count()).toBe(1);
      expect(await broker.redis.zcard(broker.key('a', 'schedule'))).toBe(1);
      expect(warnings).toEqual(['HAND_OVER_BLOCKED']);
    },
  );
});
