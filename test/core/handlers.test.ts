import { describe, expect, test } from '@jest/globals';
import type { LeanMQ, LeanMQEvents } from '@leanmq/core';

import { useBroker } from '../support/broker.js';
import { eventually, nextEvent } from '../support/eventually.js';

const broker = useBroker();

const pendingOf = async (path: string, what: string, group = 'g'): Promise<number> =>
  ((await broker.redis.xpending(broker.key(path, what), group)) as [number])[0];

describe('a handler', () => {
  test.each<[string, () => unknown]>([
    [
      'throws undefined',
      () => {
        // eslint-disable-next-line @typescript-eslint/only-throw-error -- as users do
        throw undefined;
      },
    ],
    [
      'throws null',
      () => {
        // eslint-disable-next-line @typescript-eslint/only-throw-error -- as users do
        throw null;
      },
    ],
    [
      'returns a thenable whose then throws',
      () => ({
        then: () => {
          throw new Error('then');
        },
      }),
    ],
    [
      'returns an object whose then cannot be read',
      () =>
        Object.defineProperty({}, 'then', {
          get: () => {
            throw new Error('get');
          },
        }),
    ],
    [
      'returns a thenable that settles twice',
      () => ({
        then: (a: () => void, b: (e: Error) => void) => {
          a();
          b(new Error('x'));
        },
      }),
    ],
  ])('that %s has its delivery settled, and the next message runs', async (_, act) => {
    const mq = broker.mq({ group: 'g' });
    let runs = 0;
    await mq.consume(
      '/a',
      ({ attempt }) => {
        runs += 1;
        return attempt === 1 ? act() : undefined;
      },
      { concurrency: 1 },
    );
    await mq.publish('/a', 1);
    await mq.publish('/a', 2);
    await eventually(
      async () =>
        runs >= 2 &&
        mq.health().inFlight === 0 &&
        (await pendingOf('a', 'log')) === 0 &&
        (await broker.redis.zcard(broker.key('a', 'schedule'))) === 0,
    );
  });
});

describe('a batch handler', () => {
  test('counts its concurrency in batches, even when they are not full', async () => {
    let running = 0;
    let most = 0;
    let done = 0;
    const mq = broker.mq();
    mq.handleBatch(
      '/rows',
      async (deliveries) => {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setTimeout(resolve, 60));
        running -= 1;
        done += deliveries.length;
      },
      { batch: { size: 50, waitMs: 5 }, concurrency: 1 },
    );
    await mq.start();
    for (let n = 0; n < 20; n += 1) {
      await mq.publish('/rows', n);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await eventually(() => done === 20);
    expect(most).toBe(1);
  });

  test('that stops while its batch fills releases the message to the next consumer, which alone handles it', async () => {
    const handledBy: string[] = [];
    const collecting = (name: string): LeanMQ => {
      const each = broker.mq({ group: 'g', drainTimeoutMs: 100 });
      const batch = { size: 50, waitMs: 500 };
      each.handleBatch('/rows', () => void handledBy.push(name), { batch });
      return each;
    };
    const mq = collecting('first');
    await mq.start();
    const delivered = nextEvent<LeanMQEvents['delivered'][0]>(mq.events, 'delivered');
    await mq.publish('/rows', 1);
    await delivered;
    await mq.stop();
    await collecting('second').start();
    // The second handler waits just as long for its batch, counted from its own start.
    await eventually(() => handledBy.includes('second'));
    expect(handledBy).toEqual(['second']);
  });
});

describe('a queue whose log has the wrong type', () => {
  test('does not hold up the other queues of the process', async () => {
    const mq = broker.mq({ group: 'g' });
    const bad = broker.key('bad', 'log');
    const got: unknown[] = [];
    mq.handle('/bad', () => undefined);
    mq.handle('/good', ({ data }) => void got.push(data));
    let refused = 0;
    mq.events.on('fault', ({ where }) => (refused += where === 'consume' ? 1 : 0));
    await mq.start();
    await broker.redis.multi().del(bad).set(bad, 'what?').exec();
    await mq.publish('/good', 1);
    await eventually(() => got.length === 1);
    await eventually(() => refused > 0);
    await mq.publish('/good', 2);
    await eventually(() => got.length === 2);
    await broker.redis.del(bad);
  });
});

describe('a reader that reconnects', () => {
  test('resumes even when one of its queues was deleted', async () => {
    const mq = broker.mq({ group: 'g' });
    const got: unknown[] = [];
    mq.handle('/gone', () => undefined);
    mq.handle('/good', ({ data }) => void got.push(data));
    await mq.start();
    const warned = nextEvent(mq.events, 'warning');
    await mq.queue('/gone').delete();
    await warned;
    const list = (await broker.redis.call('CLIENT', 'LIST')) as string;
    const reader = list.split('\n').find((line) => line.includes('leanmq:g:read'));
    await broker.redis.call(
      'CLIENT',
      'KILL',
      'ID',
      /id=(\d+)/.exec(reader as string)?.[1] as string,
    );
    await mq.publish('/good', 1);
    await eventually(() => got.length === 1);
  });
});
