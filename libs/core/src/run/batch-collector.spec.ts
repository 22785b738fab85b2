import { describe, expect, it } from '@jest/globals';

import type { WebhookDelivery } from '../message/index.js';
import { BatchCollector } from './batch-collector.js';

const deliveryOf = (data: unknown): WebhookDelivery => ({ data }) as WebhookDelivery;

describe('a batch that is not full', () => {
  it('is handled beside one that does not end, when there is a slot', async () => {
    const batches: unknown[][] = [];
    const collector = new BatchCollector(
      (deliveries: readonly WebhookDelivery[]) => {
        batches.push(deliveries.map(({ data }) => data));
        return batches.length === 1 ? new Promise(() => undefined) : undefined;
      },
      { size: 2, waitMs: 1 },
      () => 2,
    );
    // Three come while no slot is looked at.
    void collector.add(deliveryOf('a'));
    const others = [collector.add(deliveryOf('b')), collector.add(deliveryOf('c'))];
    await others[1];
    expect(batches).toEqual([['a', 'b'], ['c']]);
  });
});
