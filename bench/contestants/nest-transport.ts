import { Logger, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  ClientProxyFactory,
  EventPattern,
  Payload,
  Transport,
  type RedisOptions,
} from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';

import type { Order } from '../payload.js';
import type { ConsumePlan, Contestant } from './contestant.js';

Logger.overrideLogger(['error', 'warn']);

/**
 * The Redis transport of `@nestjs/microservices`, for orientation: PUBLISH and SUBSCRIBE, so that what nobody listens to
 * is gone, and nothing waits, is acknowledged or tried again.
 */
export const nestTransport: Contestant = {
  async publisher(url) {
    const client = ClientProxyFactory.create({
      transport: Transport.REDIS,
      options: address(url),
    });
    await client.connect();
    const emit = (path: string, order: Order): Promise<unknown> =>
      lastValueFrom(client.emit(path, order), { defaultValue: undefined });
    return {
      publish: emit,
      publishMany: (path, orders) => Promise.all(orders.map((order) => emit(path, order))),
      close: () => Promise.resolve(client.close() as unknown),
    };
  },

  async consumer(url, plan) {
    const transport = { transport: Transport.REDIS, options: address(url) } as const;
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest takes plain options
    const service = await NestFactory.createMicroservice<RedisOptions>(moduleOf(plan), transport);
    await service.listen();
    return { unfinished: () => Promise.resolve(0), close: () => service.close() };
  },
};

function address(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}

function moduleOf({ paths, handle }: ConsumePlan): Type {
  class Handlers {
    onOrder(@Payload() order: Order): Promise<void> {
      return handle(order);
    }
  }
  const method = Object.getOwnPropertyDescriptor(Handlers.prototype, 'onOrder');
  EventPattern(paths)(Handlers.prototype, 'onOrder', method as PropertyDescriptor);

  @Module({ controllers: [Handlers] })
  class TransportModule {}
  return TransportModule;
}
