import type { WebhookDelivery, WebhookHandler } from '@leanmq/core';
import type { ApplicationConfig, ExternalContextCreator } from '@nestjs/core';

import type { FoundHandler } from '../discovery/index.js';
import { Callback } from './callback.js';
import type { LeanMQArguments } from './context.js';
import { ContextCreator, type Host, type Run } from './context-creator.js';
import { assertEnhancersKnown } from './enhancers.js';
import { Failures } from './failures.js';
import { PerDelivery, sharedInstance } from './per-delivery.js';

/**
 * Makes a plain handler for the core out of a method, so that around it runs what Nest runs around an HTTP handler, the
 * global ones included: 1. guards, 2. interceptors, 3. pipes and validation, 4. the method, 5. exception filters.
 */
export class HandlerPipeline {
  private readonly contexts: ContextCreator;
  private readonly callback: Callback;
  private readonly failures: Failures;

  /** @throws {ConfigError} if Nest would leave out something that is bound to the handler */
  constructor(
    external: ExternalContextCreator,
    config: ApplicationConfig,
    private readonly handler: FoundHandler,
  ) {
    assertEnhancersKnown(handler, config);
    this.contexts = new ContextCreator(external, handler);
    this.callback = new Callback(handler.method);
    this.failures = new Failures(this.contexts, config, handler, this.callback);
  }

  build(): WebhookHandler {
    const { wrapper } = this.handler;
    const shared = sharedInstance(wrapper);
    if (shared !== undefined) {
      const host = { instance: shared };
      const run = this.contexts.around(this.callback.run, host);
      return (delivery) => this.deliver(delivery, host, run);
    }
    const perDelivery = new PerDelivery(wrapper);
    return async (delivery) => {
      const host = await perDelivery.instantiate(delivery);
      const run = this.contexts.around(this.callback.run, host);
      return this.deliver(delivery, host, run);
    };
  }

  private async deliver(delivery: WebhookDelivery, host: Host, run: Run): Promise<void> {
    const args: LeanMQArguments = [delivery.data, delivery];
    try {
      await run(...args);
    } catch (error) {
      const failure = await this.failures.undealt(error, args, host);
      if (failure !== undefined) throw failure.error;
    }
  }
}
