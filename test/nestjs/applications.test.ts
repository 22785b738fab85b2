import { describe, expect, test } from '@jest/globals';
import { LeanMQModule, OnWebhook, WebhookPublisher } from '@leanmq/nestjs';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Server, type CustomTransportStrategy } from '@nestjs/microservices';

import { signal, useNest } from './support/nest.js';

const nest = useNest();

describe('kinds of applications', () => {
  const handled = { by: signal<string>() };

  @Injectable()
  class Handlers {
    @OnWebhook('/kind')
    handle({ kind }: { kind: string }) {
      handled.by(kind);
    }
  }

  function rootModule() {
    @Module({ imports: [LeanMQModule.forRoot(nest.options())], providers: [Handlers] })
    class Root {}
    return Root;
  }

  test.each(['context', 'microservice', 'http'] as const)('%s', async (kind) => {
    class Idle extends Server implements CustomTransportStrategy {
      listen(callback: () => void) {
        callback();
      }
      close() {}
      on() {}
      unwrap<T>(): T {
        throw new Error('There is nothing inside.');
      }
    }
    handled.by = signal<string>();
    const quiet = { logger: false } as const;
    const Root = rootModule();
    /* eslint-disable @typescript-eslint/no-unsafe-class-instance-assignment -- Nest declares its options as classes */
    const create = {
      context: () => NestFactory.createApplicationContext(Root, quiet),
      microservice: async () => {
        const app = await NestFactory.createMicroservice(Root, { ...quiet, strategy: new Idle() });
        await app.listen();
        return app;
      },
      http: async () => {
        const app = await NestFactory.create(Root, quiet);
        await app.listen(0);
        return app;
      },
    };
    /* eslint-enable @typescript-eslint/no-unsafe-class-instance-assignment */
    const app = nest.closing(await create[kind]());
    await app.get(WebhookPublisher).send('/kind', { kind });
    expect(await handled.by.happened).toBe(kind);
  });

  test('a service without handlers only publishes: it opens no reader and needs no group', async () => {
    const { publisher, mq } = await nest.init(
      nest.build({}, { group: undefined as never, consumerName: 'publisher-only' }),
    );
    await publisher.send('/a', {});
    expect(Object.keys(mq.health().connections).sort()).toEqual(['command', 'publish']);
    expect(mq.health().readAgesMs).toEqual([]);
  });
});
