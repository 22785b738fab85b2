import { describe, expect, test } from '@jest/globals';

import { useBroker } from '../support/broker.js';
import { eventually } from '../support/eventually.js';

const broker = useBroker();

describe('a consumer', () => {
  test('refills at once a slot that is freed during a blocked read', async () => {
    // The read on the idle route blocks for longer than the test may take.
    const mq = broker.mq({ blockMs: 20_000, handlers: { concurrency: 1 } });
    let done = 0;
    mq.handle('/busy', async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      done += 1;
    });
    mq.handle('/idle', () => undefined);
    await mq.start();
    const before = performance.now();
    for (let n = 0; n < 50; n += 1) void mq.publish('/busy', n);
    await eventually(() => done === 50);
    expect(performance.now() - before).toBeLessThan(5_000);
  });

  test('runs exactly as many handlers at once as its concurrency', async () => {
    let running = 0;
    let most = 0;
    let done = 0;
    const mq = await broker.consume(
      '/work',
      async () => {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setTimeout(resolve, 2));
        running -= 1;
        done += 1;
      },
      { handlers: { concurrency: 7 } },
    );
    await Promise.all(Array.from({ length: 300 }, (_, n) => mq.publish('/work', n)));
    await eventually(() => done === 300);
    expect(most).toBe(7);
  });

  test('with slow handlers does not hoard what another could run', async () => {
    const mq = broker.mq();
    let begun = 0;
    const finish: (() => void)[] = [];
    const slow = await broker.consume(
      '/slow',
      () => {
        begun += 1;
        return new Promise<void>((resolve) => finish.push(resolve));
      },
      { group: 'g', handlers: { concurrency: 2 } },
    );
    for (let n = 0; n < 20; n += 1) await mq.publish('/slow', n);
    await eventually(() => begun === 2);
    let taken = 0;
    await broker.consume('/slow', () => void (taken += 1), { group: 'g' });
    // COUNT applies to each of a route's two streams, so one message may wait behind a slot.
    await eventually(() => taken >= 17);
    expect(slow.health().inFlight).toBeLessThanOrEqual(3);
    finish.forEach((resolve) => resolve());
    await eventually(() => {
      finish.forEach((resolve) => resolve());
      return begun + taken === 20;
    });
  });

  test('with many queues over several readers delivers all of their messages', async () => {
    const mq = broker.mq();
    const got = new Map<string, number>();
    for (let n = 0; n < 120; n += 1) {
      mq.handle(`/r/${n}`, ({ path }) => void got.set(path, (got.get(path) ?? 0) + 1));
    }
    await mq.start();
    await Promise.all(Array.from({ length: 1_200 }, (_, n) => mq.publish(`/r/${n % 120}`, n)));
    await eventually(() => [...got.values()].reduce((sum, n) => sum + n, 0) === 1_200);
    expect([...got.values()].every((count) => count === 10)).toBe(true);
    expect(mq.health().readAgesMs).toHaveLength(5);
  });
});
