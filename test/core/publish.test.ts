import { describe, expect, test } from '@jest/globals';
import type { WebhookDelivery } from '@leanmq/core';

import { useBroker } from '../support/broker.js';
import { eventually, nextEvent } from '../support/eventually.js';

const broker = useBroker();

interface OrderStatus {
  orderId: string;
  status: string;
}

describe('a published message', () => {
  test('reaches the handler with everything that belongs to it', async () => {
    const mq = broker.mq({ group: 'orders' });
    const got: WebhookDelivery<OrderStatus>[] = [];
    await mq.consume<OrderStatus>('/order/status/', (delivery) => void got.push(delivery));
    const sent = await mq.publish(
      'order/status',
      { orderId: 'ORD-1', status: 'shipped' },
      { headers: { traceparent: 'x' } },
    );
    await nextEvent(mq.events, 'acked');
    expect(sent.outcome).toBe('published');
    const [delivery] = got;
    expect(delivery).toMatchObject({
      id: sent.id,
      path: 'order/status',
      group: 'orders',
      attempt: 1,
      crashes: 0,
      data: { orderId: 'ORD-1', status: 'shipped' },
      headers: { traceparent: 'x' },
    });
    const [seconds] = await broker.redis.time();
    expect(Math.abs(Number(seconds) * 1000 - (delivery?.publishedAt ?? 0))).toBeLessThan(5_000);
  });

  test('arrives once, in the order in which its publisher sent it', async () => {
    const mq = broker.mq({ handlers: { concurrency: 1 } });
    const got: number[] = [];
    await mq.consume<number>('/n', ({ data }) => void got.push(data));
    const numbers = Array.from({ length: 3_000 }, (_, index) => index);
    const results = await Promise.all(numbers.map((n) => mq.publish('/n', n)));
    expect(new Set(results.map(({ id }) => id)).size).toBe(numbers.length);
    await eventually(() => got.length >= numbers.length);
    expect(got).toEqual(numbers);
  });

  test('without options is one field on the log and costs as much as a hand-written XADD', async () => {
    const mq = broker.mq();
    const { id } = await mq.publish('/a', { b: 1 });
    expect(await broker.redis.xrange(broker.key('a', 'log'), '-', '+')).toEqual([
      [id, ['d', '{"b":1}']],
    ]);
  });

  test('is done when a retry succeeds', async () => {
    const mq = broker.mq();
    const attempts: number[] = [];
    await mq.consume('/flaky', ({ attempt }) => {
      attempts.push(attempt);
      if (attempt < 3) throw new Error('not yet');
    });
    const acked = nextEvent(mq.events, 'acked');
    await mq.publish('/flaky', {});
    expect(await acked).toMatchObject({ attempt: 3 });
    expect(attempts).toEqual([1, 2, 3]);
  });
});
