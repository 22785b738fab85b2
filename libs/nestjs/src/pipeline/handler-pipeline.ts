import type { WebhookDelivery, WebhookHandler } from '@leanmq/core';

import type { LeanMQArguments } from './context.js';
import type { Host } from './host.js';
import { onInstance } from './on-instance.js';
import type { Stages } from './stages.js';

/**
 * Wraps a method in the pipeline that Nest runs around an HTTP handler, global enhancers included: 1. guards,
 * 2. interceptors, 3. pipes and validation, 4. the method, 5. exception filters.
 */
export class HandlerPipeline {
  constructor(private readonly stages: Stages) {}

  build(): WebhookHandler {
    return onInstance(this.stages.handler.wrapper, (host) => this.on(host));
  }

  private on(host: Host): (delivery: WebhookDelivery) => Promise<void> {
    const { contexts, guards, callback, failures } = this.stages;
    const asked = guards.of(host);
    const run = contexts.around(callback.run, host);
    return async (delivery) => {
      try {
        for (const guard of asked) await guards.ask(guard, [delivery.data, delivery], host);
        // The guard answered after its attempt was over: the message may be running elsewhere.
        if (asked.length > 0) delivery.signal.throwIfAborted();
        await run(delivery.data, delivery);
      } catch (error) {
        const args: LeanMQArguments = [delivery.data, delivery];
        const failure = await failures.undealt(error, args, host);
        if (failure !== undefined) throw failure.error;
      }
    };
  }
}
