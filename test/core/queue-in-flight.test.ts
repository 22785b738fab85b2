import { describe, expect, test } from '@jest/globals';
import { LeanMQ } from '@leanmq/core';

import { useBroker } from '../support/broker.js';
import { eventually, nextEvent } from '../support/eventually.js';

const broker = useBroker();

describe('a message in flight', () => {
  test('is listed with its consumer, age and attempt, the oldest first', async () => {
    const one = broker.mq({ group: 'g', consumerName: 'one' });
    const two = broker.mq({ group: 'g', consumerName: 'two' });
    const sent = await one.publish('/a', 1, { messageId: 'mine' });
    await one.publish('/a', 2);
    const [retried] = await one.receive('/a');
    await retried?.retry({ afterMs: 0 });
    const [again] = await one.receive('/a', { blockMs: 500 });
    const [other] = await two.receive('/a', { blockMs: 500 });
    const list = await one.queue('/a').inFlight();
    const byId = Object.fromEntries(list.map((each) => [each.id, each]));
    expect(list).toHaveLength(2);
    expect(Object.keys(byId).toSorted()).toEqual([other?.id, again?.id].toSorted());
    const mine = [again, other].find((each) => each?.id === sent.id);
    expect(byId[sent.id]).toMatchObject({ consumer: mine?.consumer, attempt: 2, deliveries: 1 });
    expect(list[0]?.since).toBeLessThanOrEqual(list[1]?.since ?? 0);
    expect(await one.queue('/a').inFlight({ count: 1 })).toHaveLength(1);
    await one.queue('/a').declareGroup('idle');
    expect(await one.queue('/a').inFlight({ group: 'idle' })).toEqual([]);
    await again?.ack();
    await other?.ack();
    expect(await one.queue('/a').inFlight()).toEqual([]);
  });

  test('is listed with its full age even when its lease was renewed meanwhile', async () => {
    let finish: (() => void) | undefined;
    const mq = await broker.consume(
      '/a',
      () => new Promise<void>((resolve) => (finish = resolve)),
      {
        group: 'g',
        leaseMs: 300,
      },
    );
    const delivered = nextEvent(mq.events, 'delivered');
    const { id } = await mq.publish('/a', 1);
    await delivered;
    const startedAt = performance.now();
    // The lease is renewed every 100 ms; without its own note, the entry would look that young.
    await eventually(() => performance.now() - startedAt > 700);
    const [held] = await mq.queue('/a').inFlight();
    const forMs = performance.now() - startedAt;
    expect(held).toMatchObject({ id, consumer: mq.consumer, attempt: 1 });
    expect(held?.idleMs).toBeLessThan(300);
    expect(held?.forMs).toBeGreaterThan(600);
    expect(held?.forMs).toBeLessThan(forMs + 50);
    const place = (await mq.queue('/a').find(id))?.groups.g;
    if (place?.state !== 'in-flight') throw new Error(`it is ${place?.state}`);
    expect(Math.abs(place.since - (held?.since ?? 0))).toBeLessThan(5);
    finish?.();
  });

  test('cannot be listed with an invalid count or group', async () => {
    const mq = broker.mq({ group: 'g' });
    await mq.publish('/a', 1);
    await mq.queue('/a').declareGroup('g');
    for (const count of [0, -1, 1.5, Number.NaN, 10_001, '3' as unknown as number]) {
      await expect(mq.queue('/a').inFlight({ count })).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
      });
    }
    await expect(mq.queue('/a').inFlight({ group: 'no' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await using anonymous = new LeanMQ({ redis: broker.url, prefix: broker.prefix });
    await expect(anonymous.queue('/a').inFlight()).rejects.toThrow(/"group" is missing/);
  });
});
