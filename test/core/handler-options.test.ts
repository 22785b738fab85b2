import { describe, expect, test } from '@jest/globals';
import type { LeanMQEvents } from '@leanmq/core';

import { useBroker } from '../support/broker.js';
import { eventually, nextEvent } from '../support/eventually.js';

const broker = useBroker();

describe('a rate limit', () => {
  test('never lets more handlers start than it allows in any such period, over all processes of the group', async () => {
    const begun: number[] = [];
    const rateLimit = { count: 10, perMs: 300 };
    for (let n = 0; n < 2; n += 1) {
      const mq = broker.mq({ group: 'g' });
      await mq.consume('/mail', () => void begun.push(performance.now()), { rateLimit });
    }
    const mq = broker.mq();
    await Promise.all(Array.from({ length: 45 }, (_, n) => mq.publish('/mail', n)));
    await eventually(() => begun.length === 45, { timeoutMs: 10_000 });
    // Grants are exact at the server; a handler may start slightly later than its permit was granted.
    for (let n = 10; n < begun.length; n += 1) {
      expect((begun[n] ?? 0) - (begun[n - 10] ?? 0)).toBeGreaterThan(300 * 0.8);
    }
    expect((begun.at(-1) ?? 0) - (begun[0] ?? 0)).toBeLessThan(300 * 4 + 1_000);
  });
});

describe("with ack: 'before'", () => {
  test('a message is handled at most once: a failure loses it and emits an event', async () => {
    const attempts: number[] = [];
    const mq = broker.mq({ group: 'g' });
    await mq.consume(
      '/telemetry',
      ({ attempt, data }) => {
        attempts.push(attempt);
        if (data === 'bad') throw new Error('gone');
      },
      { ack: 'before' },
    );
    const lost = nextEvent<LeanMQEvents['lost'][0]>(mq.events, 'lost');
    await mq.publish('/telemetry', 'good');
    await mq.publish('/telemetry', 'bad');
    expect(await lost).toMatchObject({ path: 'telemetry', error: { message: 'gone' } });
    await eventually(() => mq.health().inFlight === 0);
    expect(attempts).toEqual([1, 1]);
    const [pending] = (await broker.redis.xpending(broker.key('telemetry', 'log'), 'g')) as [
      number,
    ];
    expect(pending).toBe(0);
    expect(await mq.deadLetters('/telemetry').count()).toBe(0);
  });

  test('a message is acked before its handler starts', async () => {
    const mq = broker.mq({ group: 'g' });
    const pendingThen = new Promise<number>((resolve, reject) => {
      mq.handle(
        '/telemetry',
        async () => {
          const [pending] = (await broker.redis.xpending(broker.key('telemetry', 'log'), 'g')) as [
            number,
          ];
          resolve(pending);
        },
        { ack: 'before' },
      );
      mq.start().catch(reject);
    });
    await mq.publish('/telemetry', 1);
    expect(await pendingThen).toBe(0);
  });
});

describe('a batch handler', () => {
  test('gets as many deliveries at once as the batch size, or as came within the wait', async () => {
    const sizes: number[] = [];
    const got: number[] = [];
    const mq = broker.mq();
    mq.handleBatch<number>(
      '/rows',
      (deliveries) => {
        sizes.push(deliveries.length);
        got.push(...deliveries.map(({ data }) => data));
      },
      { batch: { size: 50, waitMs: 50 }, concurrency: 1 },
    );
    await mq.start();
    await Promise.all(Array.from({ length: 120 }, (_, n) => mq.publish('/rows', n)));
    await eventually(() => got.length === 120);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(50);
    expect(sizes.length).toBeLessThan(20);
    expect(new Set(got).size).toBe(120);
  });

  test('returns an outcome per delivery: some are acked, others retried', async () => {
    const calls: [number, number][][] = [];
    const mq = broker.mq();
    let acked = 0;
    mq.events.on('acked', () => (acked += 1));
    mq.handleBatch<number>(
      '/rows',
      (deliveries) => {
        calls.push(deliveries.map(({ data, attempt }) => [data, attempt]));
        return deliveries.map(({ data, attempt }) =>
          data % 2 === 1 && attempt === 1 ? new Error('odd') : undefined,
        );
      },
      { batch: { size: 10, waitMs: 20 } },
    );
    await mq.start();
    await Promise.all(Array.from({ length: 10 }, (_, n) => mq.publish('/rows', n)));
    await eventually(() => acked === 10);
    const again = calls.flat().filter(([, attempt]) => attempt === 2);
    expect(again.map(([n]) => n).toSorted()).toEqual([1, 3, 5, 7, 9]);
  });

  test('fails the whole batch when it throws or returns a list of the wrong length', async () => {
    let calls = 0;
    const mq = broker.mq();
    let acked = 0;
    mq.events.on('acked', () => (acked += 1));
    mq.handleBatch(
      '/rows',
      (deliveries) => {
        calls += 1;
        if (calls === 1) return [undefined, undefined, undefined, undefined, undefined, undefined];
        if (deliveries.some(({ attempt }) => attempt === 2)) throw new Error('all of you');
        return undefined;
      },
      { batch: { size: 5, waitMs: 20 } },
    );
    await mq.start();
    await Promise.all(Array.from({ length: 5 }, (_, n) => mq.publish('/rows', n)));
    await eventually(() => acked === 5);
    expect(calls).toBeGreaterThanOrEqual(3);
  });

  test.each([5, null, 'all', { size: 0 }, { waitMs: -1 }])(
    'is refused with an invalid batch option: %j',
    (batch) => {
      const handle = (): unknown =>
        broker.mq().handleBatch('/rows', () => undefined, { batch: batch as never });
      expect(handle).toThrow(/"batch/);
    },
  );
});
