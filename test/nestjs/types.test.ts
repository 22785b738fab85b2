import { expect, test } from '@jest/globals';
import {
  LeanMQ,
  OnWebhook,
  OnWebhookBatch,
  type HandlerOptions,
  type WebhookDelivery,
} from '@leanmq/nestjs';

import { useNest } from './support/nest.js';

const nest = useNest();

class Order {
  id!: string;
}

/** The result of an indicator of `@nestjs/terminus`, as its types have it. */
type HealthIndicatorResult<Status extends 'up' | 'down' = 'up' | 'down'> = Record<
  string,
  { status: Status } & Record<string, unknown>
>;

test('what health() returns is an indicator of Terminus, before and after the end', async () => {
  const { mq, close } = await nest.start({});
  const check = (): HealthIndicatorResult => ({ leanmq: { ...mq.health() } });
  const direct: () => Record<string, { status: 'up' | 'down' }> = () => ({ leanmq: mq.health() });
  expect(direct()).toMatchObject({ leanmq: { status: 'up' } });
  await close();
  expect(check()).toMatchObject({ leanmq: { status: 'down', isClosed: true } });
});

test('a listener of several events gets the union of what they tell', async () => {
  const { mq, publisher } = await nest.start({});
  const told = new Promise<string>((resolve) => {
    for (const name of ['published', 'acked'] as const) {
      mq.events.on(name, ({ path, id }) => resolve(`${path} ${id}`));
    }
  });
  const { id } = await publisher.send('/order', {});
  expect(await told).toBe(`order ${id}`);
});

test('a key function knows the payload by the handler, the class or the type argument', () => {
  class Handlers {
    @OnWebhook('/class', { payload: Order, idempotent: ({ data }) => data.id })
    byClass(_order: Order) {}
    @OnWebhook<Order>('/type', { idempotent: ({ data }) => data.id })
    byType() {}
    @OnWebhookBatch('/batch', {
      batch: { size: 1, waitMs: 1 },
      payload: Order,
      idempotent: ({ data }) => data.id,
    })
    batch(_orders: readonly Order[]) {}
  }
  const keys: HandlerOptions<Order> = { idempotent: ({ data }) => data.id };
  const register = (mq: LeanMQ): LeanMQ =>
    mq
      .handle('/a', ({ data }: WebhookDelivery<Order>) => data.id, {
        idempotent: ({ data }) => data.id,
      })
      .handle<Order>('/b', () => undefined, keys);
  expect([Handlers, register]).toBeDefined();
});
