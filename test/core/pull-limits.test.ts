import { describe, expect, test } from '@jest/globals';

import { useBroker } from '../support/broker.js';
import { crashed } from '../support/crashed.js';
import { eventually } from '../support/eventually.js';
import { within } from '../support/within.js';

const broker = useBroker();

const pendingOf = async (path: string, what: string, group = 'g'): Promise<number> =>
  ((await broker.redis.xpending(broker.key(path, what), group)) as [number])[0];

describe('processOnce()', () => {
  test('has nothing to do when all queues are paused', async () => {
    const mq = broker.mq({ group: 'g' });
    mq.handle('/a', () => undefined);
    await mq.processOnce();
    await mq.queue('/a').pause();
    await mq.publish('/a', 1);
    expect(await within(3_000, mq.processOnce())).toMatchObject({ processed: 0 });
  });

  test('does nothing without handlers', async () => {
    const mq = broker.mq({ group: 'g' });
    expect(await within(3_000, mq.processOnce())).toMatchObject({ processed: 0 });
  });

  test('waits as long as asked, even longer than a reader does', async () => {
    const mq = broker.mq({ group: 'g' });
    mq.handle('/a', () => undefined);
    const startedAt = performance.now();
    await within(7_000, mq.processOnce({ blockMs: 4_000 }));
    expect(performance.now() - startedAt).toBeGreaterThan(3_500);
  });

  test('runs a suspect alone', async () => {
    const mq = broker.mq({ group: 'g' });
    const got: number[] = [];
    mq.handle('/a', ({ crashes }) => void got.push(crashes));
    await mq.processOnce();
    await mq.publish('/a', 1);
    await crashed(broker, 'a', { times: 2 });
    await mq.processOnce();
    expect(got).toEqual([2]);
    expect(await pendingOf('a', 'log')).toBe(0);
  });

  test('takes over no more than its count', async () => {
    const mq = broker.mq({ group: 'g' });
    let runs = 0;
    mq.handle('/a', () => void (runs += 1));
    await mq.processOnce();
    for (let n = 0; n < 5; n += 1) await mq.publish('/a', n);
    await crashed(broker, 'a', { times: 1, count: 5 });
    await mq.processOnce({ count: 2 });
    expect(runs).toBe(2);
  });
});

describe('receive()', () => {
  test('waits as long as asked, even longer than a reader does', async () => {
    const mq = broker.mq({ group: 'g' });
    expect(await within(7_000, mq.receive('/a', { blockMs: 4_000 }))).toEqual([]);
  });

  test('delivers a suspect with its crashes counted', async () => {
    const mq = broker.mq({ group: 'g' });
    await mq.receive('/a');
    await mq.publish('/a', 1);
    await crashed(broker, 'a', { times: 2 });
    const [got] = await mq.receive('/a');
    expect(got?.crashes).toBe(2);
    await got?.ack();
  });

  test('delivers again what was lost and came back, whatever became of the first delivery', async () => {
    const mq = broker.mq({ group: 'g' });
    await mq.receive('/a');
    await mq.publish('/a', 1);
    const [first] = await mq.receive('/a');
    const aborted = new Promise((resolve) => first?.signal.addEventListener('abort', resolve));
    await broker.redis.xclaim(
      broker.key('a', 'log'),
      'g',
      'other',
      0,
      first?.origin as string,
      'IDLE',
      600_000,
      'RETRYCOUNT',
      1,
    );
    await aborted;
    const again = await eventually(
      async () => {
        const [delivery] = await mq.receive('/a');
        if (delivery === undefined) throw new Error('nothing');
        return delivery;
      },
      { timeoutMs: 4_000, everyMs: 100 },
    );
    expect(await again.ack()).toBe('settled');
  });
});
