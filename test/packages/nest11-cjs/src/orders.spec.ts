import 'reflect-metadata';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Test, type TestingModule } from '@nestjs/testing';
import { WebhookPublisher } from '@leanmq/nestjs';
import { OrderHandlers, OrdersModule } from './orders';

let app: TestingModule;

beforeAll(async () => {
  app = await Test.createTestingModule({ imports: [OrdersModule] }).compile();
  await app.init();
});

afterAll(async () => {
  await app.close();
});

it('hands what is published to the handler', async () => {
  const status = { orderId: 'ORD-2', status: 'packed' };
  const { id, outcome } = await app.get(WebhookPublisher).send('/order/status/', status);

  expect(outcome).toBe('published');
  expect(await app.get(OrderHandlers).received).toEqual({ ...status, id });
});

it('hands a batch to its handler', async () => {
  await app
    .get(WebhookPublisher)
    .sendMany('/order/lines/', [{ data: { sku: 'A' } }, { data: { sku: 'B' } }]);

  expect(await app.get(OrderHandlers).lines).toEqual(['A of order/lines', 'B of order/lines']);
});
