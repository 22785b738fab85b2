import { describe, expect, test } from '@jest/globals';
import {
  Delivery,
  LeanMQ,
  OnWebhook,
  Payload,
  RejectError,
  RetryError,
  WebhookController,
  WebhookPublisher,
  type WebhookDelivery,
} from '@leanmq/nestjs';
import {
  Injectable,
  ParseIntPipe,
  createParamDecorator,
  type ExecutionContext,
  type OnModuleInit,
  type PipeTransform,
} from '@nestjs/common';
import { EMPTY, concat, of, throwError } from 'rxjs';

import { eventually } from '../support/eventually.js';
import { signal, useNest } from './support/nest.js';

const nest = useNest();

interface OrderStatus {
  orderId: string;
  status: string;
}

describe('handlers', () => {
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

  test('one method handles all the paths that are stacked on it', async () => {
    const paths: string[] = [];

    @WebhookController('user')
    class UserHandlers {
      @OnWebhook('/created')
      @OnWebhook('/updated/')
      onChange(@Delivery() { path }: WebhookDelivery) {
        paths.push(path);
      }
    }

    const { publisher, next } = await nest.start({ providers: [UserHandlers] });
    for (const path of ['/user/created', '/user/updated']) {
      const acked = next('acked');
      await publisher.send(path, {});
      await acked;
    }
    expect(paths).toEqual(['user/created', 'user/updated']);
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

  test("a handler's own options hold for it, the module's for the others", async () => {
    @Injectable()
    class Failing {
      @OnWebhook('/own', { attempts: 1 })
      own() {
        throw new Error('own');
      }
      @OnWebhook('/other')
      other() {
        throw new Error('other');
      }
    }

    const handlers = { attempts: 2, backoff: { type: 'fixed', delayMs: 1 } } as const;
    const { publisher, next } = await nest.start({ providers: [Failing] }, { handlers });
    const own = next('deadLettered');
    await publisher.send('/own', {});
    expect(await own).toMatchObject({ reason: 'failed', attempt: 1, path: 'own' });
    const other = next('deadLettered');
    await publisher.send('/other', {});
    expect(await other).toMatchObject({ reason: 'failed', attempt: 2, path: 'other' });
  });

  test('an idempotent handler runs once for each key, which is made of what was published', async () => {
    const charged: string[] = [];

    @Injectable()
    class Payments {
      @OnWebhook<{ invoice: string }>('/charge', { idempotent: ({ data }) => data.invoice })
      charge(@Payload('invoice') invoice: string) {
        charged.push(invoice);
      }
    }

    const handlers = { concurrency: 1 };
    const { publisher } = await nest.start({ providers: [Payments] }, { handlers });
    for (const invoice of ['I-1', 'I-1', 'I-2']) await publisher.send('/charge', { invoice });
    await eventually(() => charged.includes('I-2'));
    expect(charged).toEqual(['I-1', 'I-2']);
  });

  test('a batch handler is registered with the client, before the application has started', async () => {
    const batches: number[][] = [];

    @Injectable()
    class Batches implements OnModuleInit {
      constructor(private readonly mq: LeanMQ) {}
      onModuleInit() {
        const options = { batch: { size: 3, waitMs: 20 } };
        this.mq.handleBatch<number>(
          '/batch',
          (deliveries) => void batches.push(deliveries.map(({ data }) => data)),
          options,
        );
      }
    }

    const { publisher } = await nest.start({ providers: [Batches] });
    await publisher.sendMany('/batch', [{ data: 1 }, { data: 2 }, { data: 3 }]);
    await eventually(() => batches.flat().length === 3);
    expect(batches).toEqual([[1, 2, 3]]);
  });

  test('a handler steers what becomes of its message by what it throws', async () => {
    @Injectable()
    class Steering {
      @OnWebhook('/steer')
      handle({ how }: { how: string }, { attempt }: WebhookDelivery) {
        if (how === 'reject') throw new RejectError('never');
        if (how === 'later' && attempt === 1) throw new RetryError({ afterMs: 5 });
      }
    }

    const { publisher, next, mq } = await nest.start({ providers: [Steering] });
    const dead = next('deadLettered');
    await publisher.send('/steer', { how: 'reject' });
    expect(await dead).toMatchObject({ reason: 'rejected', attempt: 1 });
    const [letter] = await mq.deadLetters('/steer').list();
    expect(letter).toMatchObject({ error: { name: 'RejectError', message: 'never' } });

    const [retried, acked] = [next('retried'), next('acked')];
    await publisher.send('/steer', { how: 'later' });
    expect(await retried).toMatchObject({ delayMs: 5 });
    expect(await acked).toMatchObject({ attempt: 2 });
  });

  test('an Observable is done when it completes, and fails when it fails', async () => {
    const values: number[] = [];

    @Injectable()
    class Streams {
      @OnWebhook('/stream')
      ok() {
        return concat(of(1), of(2));
      }
      @OnWebhook('/nothing')
      nothing() {
        return EMPTY;
      }
      @OnWebhook('/broken', { attempts: 1 })
      broken() {
        values.push(1);
        return throwError(() => new Error('broke'));
      }
    }

    const { publisher, next } = await nest.start({ providers: [Streams] });
    for (const path of ['/stream', '/nothing']) {
      const acked = next('acked');
      await publisher.send(path, {});
      await acked;
    }
    const dead = next('deadLettered');
    await publisher.send('/broken', {});
    expect(await dead).toMatchObject({ error: { message: 'broke' } });
  });

  test('handlers are inherited, each class with its own prefix', async () => {
    const got: string[] = [];

    abstract class Base {
      @OnWebhook('/changed')
      onChanged(@Payload('id') id: string) {
        got.push(`${this.constructor.name} ${id}`);
      }
    }
    @WebhookController('/cat')
    class Cats extends Base {}
    @WebhookController('/dog')
    class Dogs extends Base {}

    const { publisher, next } = await nest.start({ providers: [Cats, Dogs] });
    for (const path of ['/cat/changed', '/dog/changed']) {
      const acked = next('acked');
      await publisher.send(path, { id: '1' });
      await acked;
    }
    expect(got).toEqual(['Cats 1', 'Dogs 1']);
  });

  test('an instance that is there under several tokens handles a message once', async () => {
    const done = signal<string>();

    @Injectable()
    class Handlers {
      @OnWebhook('/once')
      handle() {
        done('handled');
      }
    }

    const { publisher } = await nest.start({
      providers: [
        { provide: 'BEFORE', useFactory: (handlers: Handlers) => handlers, inject: [Handlers] },
        Handlers,
        { provide: 'ALIAS', useExisting: Handlers },
      ],
    });
    await publisher.send('/once', {});
    expect(await done.happened).toBe('handled');
  });

  test('a handler has the publisher and the client by injection', async () => {
    @Injectable()
    class Relay {
      constructor(
        private readonly publisher: WebhookPublisher,
        private readonly mq: LeanMQ,
      ) {}

      @OnWebhook('/in')
      async onIn(payload: unknown) {
        await this.publisher.transaction((tx) => {
          tx.send('/out', payload);
          tx.send('/log', { connected: this.mq.health().status });
        });
      }
    }

    const { publisher, next, mq } = await nest.start({ providers: [Relay] });
    const out: unknown[] = [];
    const other = nest.broker.mq({ group: `${nest.broker.prefix}-other` });
    const both = signal();
    for (const path of ['/out', '/log']) {
      other.handle(path, ({ data }) => {
        if (out.push(data) === 2) both();
      });
    }
    await other.start();
    const acked = next('acked');
    await publisher.send('/in', { n: 1 });
    await Promise.all([acked, both.happened]);
    expect(out).toEqual(expect.arrayContaining([{ n: 1 }, { connected: 'up' }]));
    expect(await mq.deadLetters('/in').count()).toBe(0);
  });
});
