import { describe, expect, test } from '@jest/globals';
import {
  Delivery,
  OnWebhook,
  Payload,
  WebhookController,
  type WebhookDelivery,
} from '@leanmq/nestjs';
import {
  Injectable,
  ParseIntPipe,
  UsePipes,
  createParamDecorator,
  type ExecutionContext,
  type PipeTransform,
} from '@nestjs/common';

import { useNest } from './support/nest.js';

const nest = useNest();

interface OrderStatus {
  orderId: string;
  status: string;
}

describe('the arguments of a handler', () => {
  test('a decorated method gets the payload and the delivery of what is sent to its path', async () => {
    const received: { status: OrderStatus; delivery: WebhookDelivery<OrderStatus> }[] = [];

    @WebhookController('/order')
    class OrderHandlers {
      @OnWebhook('/status/')
      onStatus(@Payload() status: OrderStatus, @Delivery() delivery: WebhookDelivery<OrderStatus>) {
        received.push({ status, delivery });
      }
    }

    const { publisher, next } = await nest.start({ providers: [OrderHandlers] });
    const acked = next('acked');
    const sent = await publisher.send('order/status', { orderId: 'ORD-1', status: 'shipped' });
    await acked;
    expect(received).toHaveLength(1);
    expect(received[0]?.status).toEqual({ orderId: 'ORD-1', status: 'shipped' });
    const { group, attempt, id, path, signal } = received[0]!.delivery;
    expect({ group, attempt, id, path }).toEqual({
      group: nest.broker.prefix,
      attempt: 1,
      id: sent.id,
      path: 'order/status',
    });
    expect(signal.aborted).toBe(false);
  });

  test('without parameter decorators a handler is called with (payload, delivery)', async () => {
    const calls: unknown[][] = [];

    @Injectable()
    class Plain {
      @OnWebhook('/plain')
      handle(...args: unknown[]) {
        calls.push(args);
      }
    }

    const { publisher, next } = await nest.start({ providers: [Plain] });
    const acked = next('acked');
    const { id } = await publisher.send('/plain', { a: 1 });
    await acked;
    expect(calls).toEqual([[{ a: 1 }, expect.objectContaining({ path: 'plain' })]]);
    expect((calls[0]?.[1] as WebhookDelivery).id).toBe(id);
  });

  test('without parameter decorators and without a class it gets what the pipes make of the payload', async () => {
    const addTo = (name: string): PipeTransform => ({
      transform: (value: unknown, { type }) =>
        type === 'body' ? `${String(value)} ${name}` : value,
    });
    const got: unknown[] = [];

    @Injectable()
    class OfMethod {
      @OnWebhook('/method')
      @UsePipes(addTo('method'))
      handle(payload: string) {
        got.push(payload);
      }
    }
    @Injectable()
    @UsePipes(addTo('class'))
    class OfClass {
      @OnWebhook('/class')
      handle(payload: string) {
        got.push(payload);
      }
    }
    @Injectable()
    class OfParent extends OfClass {
      @OnWebhook('/parent')
      override handle(payload: string) {
        super.handle(payload);
      }
    }

    const { publisher, next } = await nest.start({ providers: [OfMethod, OfClass, OfParent] });
    for (const path of ['/method', '/class', '/parent']) {
      const acked = next('acked');
      await publisher.send(path, path);
      await acked;
    }
    expect(got).toEqual(['/method method', '/class class', '/parent class']);
  });

  test('a parameter takes one property of the payload, and through pipes if it has some', async () => {
    const got: unknown[][] = [];

    @Injectable()
    class Currency {
      readonly sign = '€';
    }
    @Injectable()
    class PricePipe implements PipeTransform {
      constructor(private readonly currency: Currency) {}
      transform(cents: number) {
        return `${cents / 100} ${this.currency.sign}`;
      }
    }
    @Injectable()
    class Items {
      @OnWebhook('/item')
      onItem(
        @Payload('id', ParseIntPipe) id: number,
        @Payload('cents', PricePipe) price: string,
        @Payload('absent') absent: unknown,
        @Payload('toString') inherited: unknown,
      ) {
        got.push([id, price, absent, inherited]);
      }
    }

    const { publisher, next } = await nest.start({ providers: [Items, Currency] });
    const acked = next('acked');
    await publisher.send('/item', { id: '42', cents: 1250 });
    await acked;
    expect(got).toEqual([[42, '12.5 €', undefined, undefined]]);
  });

  test("an application's own parameter decorators work", async () => {
    const Tenant = createParamDecorator((name: string, context: ExecutionContext) => {
      const [, delivery] = context.getArgs<[unknown, WebhookDelivery]>();
      return delivery.headers[name];
    });
    const got: unknown[] = [];

    @Injectable()
    class Tenants {
      @OnWebhook('/tenant')
      handle(@Tenant('x-tenant') tenant: string) {
        got.push(tenant);
      }
    }

    const { publisher, next } = await nest.start({ providers: [Tenants] });
    const acked = next('acked');
    await publisher.send('/tenant', {}, { headers: { 'x-tenant': 'acme' } });
    await acked;
    expect(got).toEqual(['acme']);
  });
});
