import { LeanMQ } from '@leanmq/core';
import {
  Module,
  type DynamicModule,
  type ModuleMetadata,
  type OnApplicationShutdown,
  type Provider,
} from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';

import { countApplication } from '../decorators/index.js';
import { onFailedStart } from './failed-starts.js';
import { HOOK_DISTANCE, placeModule } from './hook-order.js';
import { logEvents } from '../logging/index.js';
import { LEANMQ_OPTIONS, type LeanMQModuleOptions } from '../options.js';
import { WebhookPublisher } from '../publisher/index.js';
import { otherTokens } from '../token-copies.js';
import { classValidation } from '../validation/index.js';

/**
 * Provides the client and the publisher for the whole life of the application. They close last, so that other modules can
 * still publish during shutdown.
 */
@Module({})
export class LeanMQConnectionModule implements OnApplicationShutdown {
  constructor(
    private readonly mq: LeanMQ,
    modules: ModulesContainer,
  ) {
    countApplication();
    placeModule(modules, LeanMQConnectionModule, HOOK_DISTANCE.startsFirstStopsLast);
    onFailedStart(modules, () => this.mq.close());
  }

  static with(options: Provider[], imports: ModuleMetadata['imports'] = []): DynamicModule {
    const others = otherTokens();
    return {
      module: LeanMQConnectionModule,
      imports,
      providers: [
        ...options,
        { provide: LeanMQ, useFactory: createClient, inject: [LEANMQ_OPTIONS] },
        {
          provide: WebhookPublisher,
          useFactory: createPublisher,
          inject: [LeanMQ, LEANMQ_OPTIONS],
        },
        ...others,
      ],
      exports: [LEANMQ_OPTIONS, LeanMQ, WebhookPublisher, ...others],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.mq.close();
  }
}

function createClient(given: LeanMQModuleOptions): LeanMQ {
  const { isGlobal: _, autoStart: __, unprovidedHandlers: ___, logger, ...options } = given;
  const mq = new LeanMQ(options);
  if (logger !== false) logEvents(mq);
  return mq;
}

async function createPublisher(mq: LeanMQ, given: LeanMQModuleOptions): Promise<WebhookPublisher> {
  return new WebhookPublisher(mq, await classValidation(), given.publishTimeoutMs);
}
