import { type BatchHandler, type WebhookDelivery } from '@leanmq/core';
import { toError } from '@leanmq/core/internal';

import { Batch, type Item } from './batch.js';
import { standIn } from './callback.js';
import type { LeanMQArguments, LeanMQBatchArguments } from './context.js';
import type { Run } from './context-creator.js';
import type { Host } from './host.js';
import { onInstance } from './on-instance.js';
import { late, settledWithin } from './settled-within.js';
import type { Stages } from './stages.js';

/**
 * Wraps a method in Nest's pipeline as a batch handler for the core: 1. guards, for the batch or each message, 2. interceptors
 * once around the accepted messages, 3. pipes and validation for each message, 4. the method with the messages that passed,
 * 5. exception filters, for the batch or for a refused message.
 */
export class BatchPipeline {
  constructor(private readonly stages: Stages) {}

  build(): BatchHandler {
    const { handler, contexts } = this.stages;
    return onInstance(handler.wrapper, (host) => {
      const argumentsOf = contexts.argumentsOf(host);
      return (deliveries) => this.deliver(deliveries, host, argumentsOf);
    });
  }

  /** @returns the error of each delivery, undefined for success */
  private async deliver(
    deliveries: readonly WebhookDelivery[],
    host: Host,
    argumentsOf: Run,
  ): Promise<readonly unknown[]> {
    const refused = await this.stages.admission.refuse(deliveries, host);
    if (refused.size === 0) return this.handle(deliveries, host, argumentsOf);
    const admitted = deliveries.filter((delivery) => !refused.has(delivery));
    const outcomes = admitted.length === 0 ? [] : await this.handle(admitted, host, argumentsOf);
    let next = 0;
    return deliveries.map((delivery) => {
      if (refused.has(delivery)) return refused.get(delivery);
      next += 1;
      return outcomes[next - 1];
    });
  }

  private async handle(
    deliveries: readonly WebhookDelivery[],
    host: Host,
    argumentsOf: Run,
  ): Promise<readonly unknown[]> {
    const { handler, contexts, callback, failures, limitMs } = this.stages;
    const batch = new Batch(deliveries.length, handler.where);
    const handle = standIn(handler.method, async () => {
      const preparing = deliveries.map((delivery) => this.prepare(delivery, host, argumentsOf));
      const items = await settledWithin(preparing, limitMs);
      const prepared = items.map(
        (item): Item => item ?? { outcome: late('A pipe or the validation', limitMs) },
      );
      if (!batch.begin(prepared)) return;
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

  /** Runs pipes and validation of one message. Returns its arguments, or its outcome if they refuse it. */
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
