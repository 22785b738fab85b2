import {
  InvalidDeliveryError,
  RejectError,
  RetryError,
  type WebhookDelivery,
  type WebhookHandler,
} from '@leanmq/core';
import type { ApplicationConfig, ExternalContextCreator } from '@nestjs/core';

import type { FoundHandler } from '../discovery/index.js';
import { Callback, standIn } from './callback.js';
import type { LeanMQArguments } from './context.js';
import { ContextCreator, type Host, type Run } from './context-creator.js';
import { assertEnhancersKnown } from './enhancers.js';
import { isCaught } from './exception-filters.js';
import { PerDelivery } from './per-delivery.js';
import { asRefusal } from './refusal.js';

/** An error that nobody has dealt with. */
interface Failure {
  readonly error: unknown;
}

/**
 * Makes a plain handler for the core out of a method, so that around it runs what Nest runs around an HTTP handler, the
 * global ones included: 1. guards, 2. interceptors, 3. pipes and validation, 4. the method, 5. exception filters.
 */
export class HandlerPipeline {
  private readonly contexts: ContextCreator;
  private readonly callback: Callback;

  /** @throws {ConfigError} if Nest would leave out something that is bound to the handler */
  constructor(
    external: ExternalContextCreator,
    private readonly config: ApplicationConfig,
    private readonly handler: FoundHandler,
  ) {
    assertEnhancersKnown(handler, config);
    this.contexts = new ContextCreator(external, handler);
    this.callback = new Callback(handler.method);
  }

  build(): WebhookHandler {
    const { wrapper } = this.handler;
    if (wrapper.isDependencyTreeStatic() && !wrapper.isTransient) {
      const host = { instance: wrapper.instance as object };
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
      const failure = await this.filter(error, args, host);
      if (failure === undefined) return;
      throw this.callback.threw(failure.error) ? failure.error : asRefusal(failure.error);
    }
  }

  /**
   * Asks the exception filters. One that returns something, or resolves to it, has dealt with the failure; one that
   * returns nothing has only looked at it; and one that throws has replaced it.
   */
  private async filter(
    error: unknown,
    args: LeanMQArguments,
    host: Host,
  ): Promise<Failure | undefined> {
    const { type, method } = this.handler;
    if (isAnswer(error) || !isCaught(error, type, method, this.config)) return { error };
    const rethrow = standIn(method, () => {
      throw error;
    });
    try {
      const result = await this.contexts.filtering(rethrow, host)(...args);
      return result === undefined ? { error } : undefined;
    } catch (thrown) {
      return { error: withCause(thrown, error) };
    }
  }
}

/** What a handler throws to say what is to become of its message is an answer, and no failure to be dealt with. */
function isAnswer(error: unknown): boolean {
  return (
    error instanceof RejectError ||
    error instanceof RetryError ||
    error instanceof InvalidDeliveryError
  );
}

/** A filter that fails must not hide what it was asked about. */
function withCause(thrown: unknown, error: unknown): unknown {
  if (thrown instanceof Error && thrown !== error) thrown.cause ??= error;
  return thrown;
}
