import { describe, expect, test } from '@jest/globals';
import {
  Delivery,
  LeanMQ,
  OnWebhook,
  Payload,
  WebhookController,
  WebhookPublisher,
  type WebhookDelivery,
} from '@leanmq/nestjs';
import { Injectable, type OnModuleInit } from '@nestjs/common';

import { eventually } from '../support/eventually.js';
import { signal, useNest } from './support/nest.js';

const nest = useNest();

describe('handlers', () => {
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
});
