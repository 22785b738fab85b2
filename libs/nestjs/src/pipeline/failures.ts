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

/** An error that nobody has dealt with. */
export interface Failure {
  readonly error: unknown;
}

/** Finds out what a failure comes to: the exception filters may deal with it, and a refusal is final. */
export class Failures {
  constructor(
    private readonly contexts: ContextCreator,
    private readonly config: ApplicationConfig,
    private readonly handler: FoundHandler,
    private readonly callback: Callback,
    private readonly guards: Guards,
  ) {}

  /** @returns what is to be told to the core; undefined if a filter has dealt with it */
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
   * Asks the exception filters. One that returns something, or resolves to it, has dealt with the failure; one that
   * returns nothing has only looked at it; and one that throws has replaced it.
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
