import { describe, expect, test } from '@jest/globals';
import {
  InvalidDeliveryError,
  OnWebhook,
  Payload,
  WebhookPublisher,
  type WebhookDelivery,
} from '@leanmq/nestjs';
import { Injectable, type PipeTransform } from '@nestjs/common';
import { Transform, Type } from 'class-transformer';
import {
  IsArray,
  IsInt,
  IsOptional,
  IsString,
  ValidateNested,
  ValidatorConstraint,
  Validate,
  type ValidatorConstraintInterface,
} from 'class-validator';

import { useNest } from './support/nest.js';

const nest = useNest();

class ItemDto {
  @IsString()
  sku!: string;

  @IsInt({ message: 'must be counted' })
  quantity!: number;
}

class OrderDto {
  @IsString()
  orderId!: string;

  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => ItemDto)
  items!: ItemDto[];

  @Type(() => Date)
  @IsOptional()
  placedAt?: Date;

  get size(): number {
    return this.items.length;
  }
}

class RushOrderDto extends OrderDto {}

const VALID = { orderId: 'ORD-1', items: [{ sku: 'A', quantity: 1 }] };

describe('validation of deliveries', () => {
  const got: unknown[][] = [];

  @ValidatorConstraint({ async: true })
  class IsKnown implements ValidatorConstraintInterface {
    validate(value: unknown) {
      return Promise.resolve(value === 'known');
    }
    defaultMessage() {
      return 'customer is not known';
    }
  }
  class CustomerDto {
    @Validate(IsKnown)
    name!: string;
  }
  class Strict {
    @IsString()
    @Transform(({ value }: { value: { text: string } }) => value.text.trim())
    text!: string;
  }
  class Undecorated {
    anything!: string;
  }
  @Injectable()
  class Unwrap implements PipeTransform {
    transform({ order }: { order: unknown }) {
      return order;
    }
  }

  @Injectable()
  class Handlers {
    @OnWebhook('/decorated')
    decorated(@Payload() order: OrderDto) {
      got.push([order]);
    }
    @OnWebhook('/positional')
    positional(order: OrderDto, _delivery: WebhookDelivery<OrderDto>) {
      got.push([order]);
    }
    @OnWebhook('/inherited')
    inherited(@Payload() order: RushOrderDto) {
      got.push([order]);
    }
    @OnWebhook('/property')
    property(@Payload('customer') customer: CustomerDto, @Payload('orderId') id: string) {
      got.push([customer, id]);
    }
    @OnWebhook('/piped')
    piped(@Payload(Unwrap) order: OrderDto) {
      got.push([order]);
    }
    @OnWebhook('/strict')
    strict(@Payload() strict: Strict) {
      got.push([strict]);
    }
    @OnWebhook('/any')
    any(@Payload() payload: Undecorated) {
      got.push([payload]);
    }
  }

  /** @returns what sends a payload to a path and waits: for the dead letter, if there is one */
  async function start() {
    const { publisher, nextDeath, mq } = await nest.start({ providers: [Handlers] });
    return async (path: string, payload: unknown) => {
      got.length = 0;
      const death = nextDeath();
      await publisher.send(path, payload);
      const dead = await death;
      return { dead, letters: dead === undefined ? [] : await mq.deadLetters(path).list() };
    };
  }

  test.each(['/decorated', '/positional'])(
    'a handler (%s) gets an instance of the class that it declares',
    async (path) => {
      const send = await start();
      await send(path, { ...VALID, placedAt: '2024-01-01T00:00:00.000Z' });
      const [order] = got[0] as [OrderDto];
      expect(order).toBeInstanceOf(OrderDto);
      expect(order.items[0]).toBeInstanceOf(ItemDto);
      expect(order.placedAt).toEqual(new Date('2024-01-01'));
      expect(order.size).toBe(1);
    },
  );

  test.each(['/decorated', '/positional', '/inherited'])(
    'what does not pass (%s) is a dead letter at once, with every violation and where it is',
    async (path) => {
      const send = await start();
      const { dead, letters } = await send(path, {
        items: [{ sku: 'A', quantity: 1 }, { sku: 7 }],
      });
      expect(got).toEqual([]);
      expect(dead).toMatchObject({ reason: 'invalid', attempt: 1 });
      expect(letters).toMatchObject([
        {
          reason: 'invalid',
          error: {
            name: InvalidDeliveryError.name,
            violations: [
              'orderId must be a string',
              'items.1.sku must be a string',
              'items.1.quantity: must be counted',
            ],
          },
        },
      ]);
      expect(letters[0]?.error?.message).toMatch(/not a valid (Rush)?OrderDto: orderId must be/);
    },
  );

  test('properties that the class does not know are left alone', async () => {
    const send = await start();
    await send('/decorated', { ...VALID, addedLater: true });
    expect(got).toMatchObject([[{ ...VALID, addedLater: true }]]);
  });

  test.each([[null], [[VALID]], ['ORD-1']])(
    'a payload that is no object (%j) is invalid',
    async (payload: unknown) => {
      const send = await start();
      const { dead } = await send('/decorated', payload);
      expect(dead).toMatchObject({ error: { violations: ['payload must be an object'] } });
    },
  );

  test('a property with a class of its own is validated by itself, by async validators too', async () => {
    const send = await start();
    await send('/property', { orderId: 'ORD-1', customer: { name: 'known' } });
    expect(got).toEqual([[expect.any(CustomerDto), 'ORD-1']]);
    const { dead } = await send('/property', { customer: { name: 'nobody' } });
    expect(dead).toMatchObject({
      reason: 'invalid',
      error: { violations: ['customer.name: customer is not known'] },
    });
    const absent = await send('/property', {});
    expect(absent.dead).toMatchObject({ error: { violations: ['customer must be an object'] } });
  });

  test('it is what comes out of the pipes that is validated', async () => {
    const send = await start();
    await send('/piped', { order: VALID });
    expect(got).toEqual([[expect.any(OrderDto)]]);
    const { dead } = await send('/piped', { order: {} });
    expect(dead).toMatchObject({ reason: 'invalid' });
  });

  test('a payload that cannot be transformed is invalid, and says why', async () => {
    const send = await start();
    const { dead } = await send('/strict', { text: null });
    expect(dead).toMatchObject({
      reason: 'invalid',
      error: { violations: [expect.stringMatching(/^payload cannot be transformed: .*null/)] },
    });
  });

  test('a class without validation decorators is not instantiated', async () => {
    const send = await start();
    await send('/any', { anything: 1 });
    expect(got).toEqual([[{ anything: 1 }]]);
    expect(got[0]?.[0]).not.toBeInstanceOf(Undecorated);
  });

  test('an invalid message that a handler publishes is its own failure, and no invalid delivery', async () => {
    @Injectable()
    class Publishing {
      constructor(private readonly publisher: WebhookPublisher) {}
      @OnWebhook('/publishing', { attempts: 2 })
      async handle() {
        await this.publisher.send('/order', new OrderDto());
      }
    }
    const { publisher, next } = await nest.start({ providers: [Publishing] });
    const [retried, dead] = [next('retried'), next('deadLettered')];
    await publisher.send('/publishing', {});
    expect(await retried).toMatchObject({ error: { name: 'InvalidMessageError' } });
    expect(await dead).toMatchObject({ reason: 'failed', attempt: 2 });
  });
});
