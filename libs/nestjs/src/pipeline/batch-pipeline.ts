import { toError, type BatchHandler, type WebhookDelivery } from '@leanmq/core';
import type { Type } from '@nestjs/common';
import type { ApplicationConfig, ExternalContextCreator } from '@nestjs/core';

import type { FoundHandler } from '../discovery/index.js';
import { Batch, type Item } from './batch.js';
import { Callback, standIn } from './callback.js';
import type { LeanMQArguments, LeanMQBatchArguments } from './context.js';
import { ContextCreator, type Host, type Run } from './context-creator.js';
import { assertEnhancersKnown } from './enhancers.js';
import { Failures } from './failures.js';
import { PerDelivery, sharedInstance } from './per-delivery.js';

/**
 * Makes a plain batch handler for the core out of a method: 1. guards and 2. interceptors once around the batch,
 * 3. pipes and validation for each message, 4. the method with those that have passed, 5. exception filters, for the
 * batch or for the message that was kept back.
 */
export class BatchPipeline {
  private readonly contexts: ContextCreator;
  private readonly callback: Callback;
  private readonly failures: Failures;

  /** @throws {ConfigError} if Nest would leave out something that is bound to the handler */
  constructor(
    external: ExternalContextCreator,
    config: ApplicationConfig,
    private readonly handler: FoundHandler,
    private readonly payload: Type<unknown> | undefined,
  ) {
    assertEnhancersKnown(handler, config);
    this.contexts = new ContextCreator(external, handler);
    this.callback = new Callback(handler.method);
    this.failures = new Failures(this.contexts, config, handler, this.callback);
  }

  build(): BatchHandler {
    const { wrapper } = this.handler;
    const shared = sharedInstance(wrapper);
    if (shared !== undefined) {
      const host = { instance: shared };
      const argumentsOf = this.contexts.argumentsOf(host, this.payload);
      return (deliveries) => this.deliver(deliveries, host, argumentsOf);
    }
    const perBatch = new PerDelivery(wrapper);
    return async (deliveries) => {
      const host = await perBatch.instantiate(deliveries);
      return this.deliver(deliveries, host, this.contexts.argumentsOf(host, this.payload));
    };
  }

  /** @returns what each delivery failed with, undefined where it did not */
  private async deliver(
    deliveries: readonly WebhookDelivery[],
    host: Host,
    argumentsOf: Run,
  ): Promise<readonly unknown[]> {
    const batch = new Batch(deliveries.length, this.handler.where);
    const handle = standIn(this.handler.method, async () => {
      const items = await Promise.all(
        deliveries.map((delivery) => this.prepare(delivery, host, argumentsOf)),
      );
      if (!batch.begin(items)) return;
      batch.take(await this.callback.run.apply(host.instance, batch.lists()));
    });
    const args: LeanMQBatchArguments = [deliveries.map(({ data }) => data), deliveries];
    try {
      await this.contexts.aroundBatch(handle, host)(...args);
    } catch (error) {
      const failure = await this.failures.undealt(error, args, host);
      if (failure !== undefined) batch.fail(failure.error);
    }
    return batch.outcomes();
  }

  /** Pipes and validation of one message: its arguments, or what becomes of it without the method. */
  private async prepare(delivery: WebhookDelivery, host: Host, argumentsOf: Run): Promise<Item> {
    const args: LeanMQArguments = [delivery.data, delivery];
    try {
      return { args: (await argumentsOf(...args)) as readonly unknown[] };
    } catch (error) {
      const failure = await this.failures.undealt(error, args, host);
      return { outcome: failure && (failure.error ?? toError(failure.error)) };
    }
  }
}
