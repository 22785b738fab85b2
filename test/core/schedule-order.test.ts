import { randomUUID } from 'node:crypto';

import { describe, expect, test } from '@jest/globals';

import { useBroker } from '../support/broker.js';
import { eventually } from '../support/eventually.js';

const broker = useBroker();

describe('messages due at the same instant', () => {
  test('are delivered in the order in which they were sent, whatever their ids are', async () => {
    const mq = broker.mq();
    // Far enough ahead for a busy machine to have sent all of them.
    const deliverAt = Date.now() + 5_000;
    for (let n = 0; n < 300; n += 1) {
      // Each send in its own batch, or a few together.
      const sent = mq.publish('/a', n, { deliverAt, messageId: randomUUID() });
      if (n % 7 === 0) await sent;
    }
    const seen: unknown[] = [];
    await broker.consume('/a', ({ data }) => void seen.push(data), {
      handlers: { concurrency: 1 },
    });
    await eventually(() => seen.length === 300, { timeoutMs: 20_000 });
    expect(seen).toEqual(Array.from({ length: 300 }, (_, n) => n));
  });

  test('keep their order beyond what one millisecond has room for', async () => {
    const mq = broker.mq({ sweepMs: 600_000 });
    const deliverAt = Date.now() + 86_400_000;
    for (let from = 0; from < 10_000; from += 1_000) {
      await mq.publishMany(
        '/a',
        Array.from({ length: 1_000 }, (_, n) => ({
          data: from + n,
          options: { deliverAt, messageId: `${randomUUID()}:${from + n}` },
        })),
      );
    }
    const members = await broker.redis.zrange(broker.key('a', 'schedule'), '0', '-1', 'WITHSCORES');
    const numbers = members.filter((_, index) => index % 2 === 0).map((id) => id.split(':').at(-1));
    expect(numbers).toEqual(Array.from({ length: 10_000 }, (_, n) => String(n)));
    expect(Number(members.at(-1))).toBeLessThan(deliverAt + 6);
  });

  test('keep their order when some that were set aside or cancelled become due', async () => {
    const mq = broker.mq({ sweepMs: 600_000 });
    await mq.queue('/a').declareGroup('g');
    const deliverAt = Date.now() + 86_400_000;
    for (const messageId of ['z', 'y', 'x']) await mq.publish('/a', 1, { deliverAt, messageId });
    await mq.cancel('/a', 'y');
    for (const messageId of ['w', 'y']) await mq.publish('/a', 1, { deliverAt, messageId });
    expect(await broker.redis.zrange(broker.key('a', 'schedule'), '0', '-1')).toEqual(
      ['z', 'x', 'w', 'y'].map((id) => `send:${id}`),
    );
    expect(await mq.queue('/a').find('y')).toMatchObject({ delayedUntil: deliverAt });
  });

  test('include retries: those that failed together come again in the order of their entries', async () => {
    const first: unknown[] = [];
    const again: unknown[] = [];
    const mq = broker.mq({ group: 'g', handlers: { backoff: { type: 'fixed', delayMs: 300 } } });
    await mq.queue('/a').declareGroup('g');
    await mq.publishMany(
      '/a',
      Array.from({ length: 40 }, (_, n) => ({ data: n })),
    );
    let release = (): void => undefined;
    const together = new Promise<void>((resolve) => (release = resolve));
    await mq.consume(
      '/a',
      async ({ data, attempt }) => {
        (attempt === 1 ? first : again).push(data);
        if (attempt > 1) return;
        if (first.length === 40) release();
        await together;
        throw new Error('all at once');
      },
      { concurrency: 40 },
    );
    await eventually(() => again.length === 40);
    expect(again).toEqual(Array.from({ length: 40 }, (_, n) => n));
  });
});
