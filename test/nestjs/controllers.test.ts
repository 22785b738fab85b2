import { beforeEach, describe, expect, test } from '@jest/globals';
import {
  OnWebhook,
  Payload,
  WebhookController,
  WebhookPublisher,
  isLeanMQContext,
} from '@leanmq/nestjs';
import {
  Body,
  Controller,
  Injectable,
  Post,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
  type INestApplication,
} from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { IsString } from 'class-validator';

import { useNest } from './support/nest.js';

const nest = useNest();

class OrderDto {
  @IsString()
  orderId!: string;
}

/** Guard for HTTP requests: it reads headers and knows nothing about messages. */
@Injectable()
class ApiKeyGuard implements CanActivate {
  canActivate(context: ExecutionContext) {
    if (isLeanMQContext(context)) return true;
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string> }>();
    return headers['x-api-key'] === 'secret';
  }
}

@Injectable()
class Allowed {
  readonly ids = new Set(['ORD-1']);
}
@Injectable()
class KnownOrders implements CanActivate {
  constructor(private readonly allowed: Allowed) {}
  canActivate(context: ExecutionContext) {
    if (!isLeanMQContext(context)) return true;
    const [{ orderId }] = context.getArgs<[OrderDto]>();
    return this.allowed.ids.has(orderId);
  }
}

const calls: string[] = [];

@Controller('orders')
class OrdersController {
  constructor(private readonly publisher: WebhookPublisher) {}

  @Post()
  async create(@Body() order: OrderDto) {
    const { outcome } = await this.publisher.send('/order/created', { orderId: order.orderId });
    return { outcome };
  }

  @UseGuards(KnownOrders)
  @OnWebhook('/order/created')
  onCreated(@Payload() order: OrderDto) {
    calls.push(`created ${order.orderId} ${order instanceof OrderDto}`);
  }

  @Post('both')
  @OnWebhook('/order/both')
  both(@Payload('orderId') id: string) {
    calls.push(`both ${id}`);
    return { id };
  }
}

@WebhookController('/prefixed')
@Controller('prefixed')
class PrefixedController {
  @OnWebhook('/hook')
  onHook() {
    calls.push('hook');
  }
}

describe('controllers next to HTTP', () => {
  let app: INestApplication;
  let url: string;

  beforeEach(async () => {
    calls.length = 0;
    const module = await nest
      .build({
        controllers: [OrdersController, PrefixedController],
        providers: [Allowed, { provide: APP_GUARD, useClass: ApiKeyGuard }],
      })
      .compile();
    app = nest.closing(module.createNestApplication());
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
  });

  function post(path: string, body: object, headers: Record<string, string> = {}) {
    return fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', connection: 'close', ...headers },
      body: JSON.stringify(body),
    });
  }

  test('a controller takes HTTP requests and webhooks, each with the guards that are meant for it', async () => {
    expect((await post('/orders', { orderId: 'ORD-1' })).status).toBe(403);
    const { nextDeath } = nest.parts(app);
    const death = nextDeath();
    const response = await post('/orders', { orderId: 'ORD-1' }, { 'x-api-key': 'secret' });
    expect(await response.json()).toEqual({ outcome: 'published' });
    expect(await death).toBeUndefined();
    expect(calls).toEqual(['created ORD-1 true']);
  });

  test("a guard class on a controller's handler is found, with its dependencies", async () => {
    const { publisher, nextDeath } = nest.parts(app);
    const death = nextDeath();
    await publisher.send('/order/created', { orderId: 'ORD-2' });
    expect(await death).toMatchObject({ reason: 'rejected', attempt: 1 });
    expect(calls).toEqual([]);
  });

  test('one method may serve both', async () => {
    const { publisher, nextDeath } = nest.parts(app);
    const response = await post('/orders/both', { orderId: 'A' }, { 'x-api-key': 'secret' });
    expect(await response.json()).toEqual({ id: 'A' });
    const death = nextDeath();
    await publisher.send('/order/both', { orderId: 'B' });
    expect(await death).toBeUndefined();
    expect(calls).toEqual(['both A', 'both B']);
  });

  test('a controller can have a prefix for its webhooks, too', async () => {
    const { publisher, nextDeath } = nest.parts(app);
    const death = nextDeath();
    await publisher.send('/prefixed/hook', {});
    expect(await death).toBeUndefined();
    expect(calls).toEqual(['hook']);
  });
});
