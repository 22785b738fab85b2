import { InvalidDeliveryError, RejectError, RetryError } from '@leanmq/core';
import type { ApplicationConfig } from '@nestjs/core';

import type { FoundHandler } from '../discovery/index.js';
import { standIn, type Callback } from './callback.js';
import type { LeanMQArguments, LeanMQBatchArguments } from './context.js';
import type { ContextCreator } from './context-creator.js';
import { isCaught } from './exception-filters.js';
import type { Guards } from './guards.js';
import type { Host } from './host.js';
import { asRefusal } from './refusal.js';

/** Error that no filter has handled. */
export interface Failure {
  readonly error: unknown;
}

/** Decides what a failure leads to: exception filters may handle it, and a refusal is final. */
export class Failures {
  constructor(
    private readonly contexts: ContextCreator,
    private readonly config: ApplicationConfig,
    private readonly handler: FoundHandler,
    private readonly callback: Callback,
    private readonly guards: Guards,
  ) {}

  /** @returns the error for the core; undefined if a filter has handled it */
  async undealt(
    error: unknown,
    args: LeanMQArguments | LeanMQBatchArguments,
    host: Host,
  ): Promise<Failure | undefined> {
    const failure = await this.filter(error, args, host);
    if (failure === undefined || this.callback.threw(failure.error)) return failure;
    return { error: asRefusal(failure.error, this.guards.whoThrew(failure.error)) };
  }

  /**
   * Calls the exception filters. One that returns (or resolves to) a value has handled the failure; one that returns nothing
   * only observed it; one that throws replaced it.
   */
  private async filter(
    error: unknown,
    args: LeanMQArguments | LeanMQBatchArguments,
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

/** Returns true for errors by which a handler decides about its message; filters do not see them. */
function isAnswer(error: unknown): boolean {
  return (
    error instanceof RejectError ||
    error instanceof RetryError ||
    error instanceof InvalidDeliveryError
  );
}

/** Keeps the original error visible when a filter itself fails. */
function withCause(thrown: unknown, error: unknown): unknown {
  if (thrown instanceof Error && thrown !== error) thrown.cause ??= error;
  return thrown;
}
