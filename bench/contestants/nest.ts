import { Logger, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { LeanMQ, LeanMQModule, OnWebhook, Payload, WebhookPublisher } from '@leanmq/nestjs';

import type { Order } from '../payload.js';
import type { ConsumePlan, Contestant } from './contestant.js';
import { prepareCore, unfinished } from './core.js';
import { GROUP } from './raw-keys.js';
import { ValidOrder } from './valid-order.js';

Logger.overrideLogger(['error', 'warn']);

/** `@leanmq/nestjs` in an application of its own; a handler is a decorated method. */
export const nest: Contestant = {
  async publisher(url) {
    const application = await NestFactory.createApplicationContext(moduleWith(url));
    const publisher = application.get(WebhookPublisher);
    return {
      publish: (path, order) => publisher.send(path, order),
      publishMany: (path, orders) =>
        publisher.sendMany(
          path,
          orders.map((data) => ({ data })),
        ),
      transaction: (sends) =>
        publisher.transaction((tx) => {
          for (const { path, order } of sends) tx.send(path, order);
        }),
      close: () => application.close(),
    };
  },

  async consumer(url, plan) {
    const handlers = plan.validated === true ? validatingHandlers(plan) : plainHandlers(plan);
    const application = await NestFactory.createApplicationContext(moduleWith(url, handlers));
    const mq = application.get(LeanMQ);
    return {
      unfinished: () => unfinished(mq, plan.paths),
      close: () => application.close(),
    };
  },

  prepare: prepareCore,
};

function moduleWith(redis: string, handlers?: Type): Type {
  @Module({
    imports: [LeanMQModule.forRoot({ redis, group: GROUP })],
    providers: handlers === undefined ? [] : [handlers],
  })
  class BenchModule {}
  return BenchModule;
}

function plainHandlers({ paths, concurrency, handle }: ConsumePlan): Type {
  class Handlers {
    @OnWebhook(paths[0] as string, { concurrency })
    onOrder(order: Order): Promise<void> {
      return handle(order);
    }
  }
  return Handlers;
}

function validatingHandlers({ paths, concurrency, handle }: ConsumePlan): Type {
  class Handlers {
    @OnWebhook(paths[0] as string, { concurrency })
    onOrder(@Payload() order: ValidOrder): Promise<void> {
      return handle(order);
    }
  }
  return Handlers;
}
