import { ForbiddenException, type CanActivate } from '@nestjs/common';
import type { ExternalContextCreator } from '@nestjs/core';

import type { FoundHandler } from '../discovery/index.js';
import { CONTEXT_TYPE, type LeanMQArguments, type LeanMQBatchArguments } from './context.js';
import { partsOf } from './creator-parts.js';
import type { Host } from './host.js';

/** Calls the guards of a handler, as Nest does, and remembers which one refused. */
export class Guards {
  private readonly names = new WeakMap<object, string>();

  constructor(
    private readonly creator: ExternalContextCreator,
    private readonly handler: FoundHandler,
  ) {}

  /** Returns the guards of an instance in calling order: global, class, method. */
  of({ instance, contextId }: Host): CanActivate[] {
    const { wrapper, method } = this.handler;
    const moduleKey = wrapper.host?.token ?? '';
    const { guardsContextCreator } = partsOf(this.creator);
    return guardsContextCreator.create(instance, method, moduleKey, contextId, wrapper.id);
  }

  /** @throws the guard's exception, or ForbiddenException if it returns false */
  async ask(
    guard: CanActivate,
    args: LeanMQArguments | LeanMQBatchArguments,
    { instance }: Host,
  ): Promise<void> {
    const { method } = this.handler;
    const { guardsConsumer } = partsOf(this.creator);
    try {
      if (await guardsConsumer.tryActivate([guard], args, instance, method, CONTEXT_TYPE)) return;
    } catch (error) {
      this.note(error, guard);
      throw error;
    }
    const refusal = new ForbiddenException('Forbidden resource');
    this.note(refusal, guard);
    throw refusal;
  }

  /** Returns the guard and the method that threw this, for messages; undefined if no guard did. */
  whoThrew(error: unknown): string | undefined {
    if (typeof error !== 'object' || error === null) return undefined;
    const name = this.names.get(error);
    return name === undefined ? undefined : `Guard ${name} of ${this.handler.where}`;
  }

  private note(error: unknown, guard: CanActivate): void {
    if (typeof error === 'object' && error !== null) {
      this.names.set(error, guard.constructor.name);
    }
  }
}
