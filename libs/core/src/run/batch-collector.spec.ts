import { expect, it } from '@jest/globals';

import type { WebhookDelivery } from '../message/index.js';
import { BatchCollector } from './batch-collector.js';
import { Delivery } from './delivery.js';

const deliveryOf = (data: string): Delivery<string> =>
  new Delivery({ path: 'a', group: 'g' }, 'c', data, undefined as never, undefined as never);

it('a delivery that waits behind a timed-out batch is handled as soon as a slot is free', async () => {
  const batches: unknown[][] = [];
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const collector = new BatchCollector(
    (deliveries: readonly WebhookDelivery[]) => {
      batches.push(deliveries.map(({ data }) => data));
      return batches.length === 1 ? ended : undefined;
    },
    { size: 2, waitMs: 1 },
    () => 1,
  );
  const first = ['a', 'b'].map((data) => collector.add(deliveryOf(data)));
  const cancelled = ['c', 'd'].map((data) => {
    const delivery = deliveryOf(data);
    const added = collector.add(delivery);
    delivery.cancel(new Error('too late'));
    return added.catch((error: unknown) => (error as Error).message);
  });
  const last = collector.add(deliveryOf('e'));
  end();
  await Promise.all(first);
  expect(await Promise.all(cancelled)).toEqual(['too late', 'too late']);
  await last;
  expect(batches).toEqual([['a', 'b'], ['e']]);
});
