import { toError, type BatchHandler, type WebhookDelivery } from '@leanmq/core';
import type { Type } from '@nestjs/common';

import { Batch, type Item } from './batch.js';
import { standIn } from './callback.js';
import type { LeanMQArguments, LeanMQBatchArguments } from './context.js';
import type { Host, Run } from './context-creator.js';
import { onInstance } from './on-instance.js';
import type { Stages } from './stages.js';

/**
 * Makes a plain batch handler for the core out of a method: 1. guards and 2. interceptors once around the batch,
 * 3. pipes and validation for each message, 4. the method with those that have passed, 5. exception filters, for the
 * batch or for the message that was kept back.
 */
export class BatchPipeline {
  /** @param payload the class of each payload, if there is one */
  constructor(
    private readonly stages: Stages,
    private readonly payload: Type<unknown> | undefined,
  ) {}

  build(): BatchHandler {
    const { handler, contexts } = this.stages;
    return onInstance(handler.wrapper, (host) => {
      const argumentsOf = contexts.argumentsOf(host, this.payload);
      return (deliveries) => this.deliver(deliveries, host, argumentsOf);
    });
  }

  /** @returns what each delivery failed with, undefined where it did not */
  private async deliver(
    deliveries: readonly WebhookDelivery[],
    host: Host,
    argumentsOf: Run,
  ): Promise<readonly unknown[]> {
    const { handler, contexts, callback, failures } = this.stages;
    const batch = new Batch(deliveries.length, handler.where);
    const handle = standIn(handler.method, async () => {
      const items = await Promise.all(
        deliveries.map((delivery) => this.prepare(delivery, host, argumentsOf)),
      );
      if (!batch.begin(items)) return;
      batch.take(await callback.run.apply(host.instance, batch.lists()));
    });
    const args: LeanMQBatchArguments = [deliveries.map(({ data }) => data), deliveries];
    try {
      await contexts.aroundBatch(handle, host)(...args);
    } catch (error) {
      const failure = await failures.undealt(error, args, host);
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
      const failure = await this.stages.failures.undealt(error, args, host);
      return { outcome: failure && (failure.error ?? toError(failure.error)) };
    }
  }
}
