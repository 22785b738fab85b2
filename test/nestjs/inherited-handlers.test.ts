import { beforeEach, describe, expect, test } from '@jest/globals';
import { Delivery, OnWebhook, OnWebhookBatch, Payload, WebhookController } from '@leanmq/nestjs';
import {
  Body,
  Injectable,
  Module,
  UseGuards,
  createParamDecorator,
  type ExecutionContext,
} from '@nestjs/common';
import { IsInt, IsString } from 'class-validator';

import { batchOf, ended, sendAll } from './support/batches.js';
import { Deny } from './support/deny.js';
import { useNest } from './support/nest.js';
import { RowDto, row } from './support/rows.js';

const nest = useNest();
let got: unknown[] = [];
beforeEach(() => {
  got = [];
});

class OrderDto {
  @IsString()
  id!: string;
}

const Kind = createParamDecorator(
  (_: unknown, context: ExecutionContext) => typeof context.getArgs<[unknown]>()[0],
);

/** Publishes a payload; returns the reason of its dead letter, or 'acked'. */
async function outcomeOf(handlers: new () => object, path: string, payload: unknown) {
  const { publisher, nextDeath } = await nest.start({ providers: [handlers] });
  const death = nextDeath();
  await publisher.send(path, payload);
  return (await death)?.reason ?? 'acked';
}

describe('an overriding handler', () => {
  class Base {
    @OnWebhook('/base')
    handle(@Payload('id') id: unknown) {
      got.push(['base', id]);
    }
  }

  @Injectable()
  class Positional extends Base {
    @OnWebhook('/orders')
    override handle(order: OrderDto) {
      got.push(order);
    }
  }

  test.each([
    [{ id: 1 }, 'invalid'],
    [null, 'invalid'],
    [{ id: 'O-1' }, 'acked'],
  ])(
    'without parameter decorators does not get those of its parent: %j is %s',
    async (payload, end) => {
      expect(await outcomeOf(Positional, '/orders', payload)).toBe(end);
      expect(got).toEqual(end === 'acked' ? [expect.any(OrderDto)] : []);
    },
  );

  test.each([
    ['@Payload()', Payload],
    ["Nest's @Body()", Body],
  ])('with parameter decorators (%s) gets what these say, validated', async (_, PayloadOf) => {
    @Injectable()
    class Decorated extends Base {
      @OnWebhook('/orders', { attempts: 1 })
      override handle(@PayloadOf() order: OrderDto, @Kind() kind?: string) {
        got.push(order, kind);
      }
    }
    const { publisher, nextDeath } = await nest.start({ providers: [Decorated] });
    for (const [payload, end] of [
      [{ id: 1 }, 'invalid'],
      [{ id: 'O-1' }, undefined],
    ]) {
      const death = nextDeath();
      await publisher.send('/orders', payload);
      expect((await death)?.reason).toBe(end);
    }
    expect(got).toEqual([expect.any(OrderDto), 'object']);
  });

  test('of a batch does not get the parameters of its parent', async () => {
    class Rows {
      @OnWebhookBatch('/base', batchOf(2))
      handle(@Payload('sku') _skus: readonly unknown[]) {}
    }
    @Injectable()
    class Own extends Rows {
      @OnWebhookBatch('/rows', { ...batchOf(2), payload: RowDto })
      override handle(rows: readonly unknown[]) {
        got.push(rows);
      }
    }
    const app = await nest.start({ providers: [Own] });
    const done = ended(app, 2);
    await sendAll(app, '/rows', [row(1), row('A')]);
    expect((await done).dead).toMatchObject([{ reason: 'invalid' }]);
    expect(got).toEqual([[expect.any(RowDto)]]);
  });
});

describe('an inherited handler', () => {
  @UseGuards(Deny)
  class Guarded {
    @OnWebhook('/guarded')
    handle() {
      got.push('ran');
    }
  }
  class Base {
    @OnWebhook('/orders')
    handle(@Delivery() _delivery: unknown, @Payload() order: OrderDto) {
      got.push(order);
    }
  }

  test.each([
    [{ id: 1 }, 'invalid'],
    [{ id: 'O-1' }, 'acked'],
  ])('has the parameters of the class that declares it: %j is %s', async (payload, end) => {
    @WebhookController('/eu')
    class Derived extends Base {
      // Of the same name as what the parent's metadata are kept under.
      other(@Payload('id') _id: number) {}
    }
    expect(await outcomeOf(Derived, '/eu/orders', payload)).toBe(end);
    expect(got).toEqual(end === 'acked' ? [expect.any(OrderDto)] : []);
  });

  test('keeps the guards of the class that declares it', async () => {
    class Pass {
      canActivate() {
        return true;
      }
    }
    @UseGuards(Pass)
    @Injectable()
    class Derived extends Guarded {}
    expect(await outcomeOf(Derived, '/guarded', {})).toBe('rejected');
    expect(got).toEqual([]);
  });
});

test('handlers of the same names in two modules keep their own parameters', async () => {
  class CountDto {
    @IsInt()
    count!: number;
  }
  function handlers(path: string, type: unknown) {
    @Injectable()
    class Handlers {
      handle(payload: unknown) {
        got.push(payload);
      }
    }
    const member = Object.getOwnPropertyDescriptor(Handlers.prototype, 'handle') as never;
    Reflect.defineMetadata('design:paramtypes', [type], Handlers.prototype, 'handle');
    OnWebhook(path)(Handlers.prototype, 'handle', member);
    return Handlers;
  }
  @Module({ providers: [handlers('/orders', OrderDto)] })
  class Orders {}
  @Module({ providers: [handlers('/counts', CountDto)] })
  class Counts {}
  const { publisher, nextDeath } = await nest.start({ imports: [Orders, Counts] });
  for (const path of ['/orders', '/counts']) {
    const death = nextDeath();
    await publisher.send(path, path === '/orders' ? { count: 1 } : { id: 'O-1' });
    expect(await death).toMatchObject({ reason: 'invalid' });
  }
  expect(got).toEqual([]);
});
