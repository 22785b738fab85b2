import { ConfigError, HANDLE_DEFAULTS, LeanMQ } from '@leanmq/core';
import { displayPath, reportWarning } from '@leanmq/core/internal';
import { Inject, Injectable } from '@nestjs/common';
import { ApplicationConfig, ExternalContextCreator } from '@nestjs/core';

import { coreOptions } from './core-options.js';
import { HandlerExplorer, blaming, type FoundHandler } from '../discovery/index.js';
import {
  assertBatchOptions,
  assertNoBatch,
  assertOneKind,
  assertPayloadOption,
} from './handler-kinds.js';
import { LEANMQ_OPTIONS, type LeanMQLateOptions } from '../options.js';
import { assertTypesKnown, isUntyped } from './payload-types.js';
import { BatchPipeline, HandlerPipeline, Stages } from '../pipeline/index.js';
import { classValidation } from '../validation/index.js';

/** Registers the handlers of the application with the core. */
@Injectable()
export class HandlerRegistrar {
  constructor(
    private readonly explorer: HandlerExplorer,
    private readonly external: ExternalContextCreator,
    private readonly config: ApplicationConfig,
    private readonly mq: LeanMQ,
    @Inject(LEANMQ_OPTIONS) private readonly options: LeanMQLateOptions,
  ) {}

  /**
   * @returns the registered handlers
   * @throws {ConfigError} for an invalid path or option; names class and method
   */
  async registerAll(): Promise<FoundHandler[]> {
    const validates = (await classValidation())?.isUsed ?? false;
    const handlers = this.explorer.explore();
    this.assertGroup(handlers);
    assertDistinct(handlers);
    assertOneKind(handlers);
    for (const handler of handlers) this.register(handler, validates);
    if (validates) this.warnOfUntyped(handlers.filter(isUntyped));
    return handlers;
  }

  private warnOfUntyped(handlers: readonly FoundHandler[]): void {
    if (handlers.length === 0) return;
    const places = handlers.map(({ where }) => where).join(', ');
    const message = `Payloads are not validated, because their declared type is not a class at run time: ${places}. Import the class without "type"; for an interface, set { payload: Object }.`;
    reportWarning(this.mq.events, { code: 'PAYLOAD_UNTYPED', message });
  }

  private register(handler: FoundHandler, validates: boolean): void {
    try {
      assertTypesKnown(handler, validates);
      if (handler.isBatch) this.registerBatch(handler);
      else this.registerSingle(handler);
    } catch (error) {
      throw blaming(handler.where, error);
    }
  }

  private registerSingle(handler: FoundHandler & { readonly isBatch: false }): void {
    assertNoBatch(handler.options);
    assertPayloadOption(handler, handler.options?.payload);
    const pipeline = new HandlerPipeline(this.stages(handler));
    this.mq.handle(handler.path, pipeline.build(), coreOptions(handler));
  }

  private registerBatch(handler: FoundHandler & { readonly isBatch: true }): void {
    assertBatchOptions(handler);
    const pipeline = new BatchPipeline(this.stages(handler));
    this.mq.handleBatch(handler.path, pipeline.build(), coreOptions(handler));
  }

  private stages(handler: FoundHandler): Stages {
    const { handlerTimeoutMs } = {
      ...HANDLE_DEFAULTS,
      ...this.options.handlers,
      ...handler.options,
    };
    return new Stages(this.external, this.config, handler, handlerTimeoutMs);
  }

  private assertGroup([first]: readonly FoundHandler[]): void {
    if (first === undefined || this.options.group !== undefined) return;
    throw new ConfigError(
      `Option "group" is missing: ${first.where} handles "${displayPath(first.path)}", and a service with handlers needs a group.`,
    );
  }
}

function assertDistinct(handlers: readonly FoundHandler[]): void {
  const byPath = new Map<string, FoundHandler>();
  for (const handler of handlers) {
    const { path, where } = handler;
    const other = byPath.get(path);
    if (other !== undefined) {
      throw new ConfigError(
        `"${displayPath(path)}" has two handlers: ${other.where} and ${where}. A group has one handler per path; call the second from the first, or run it in a service with another group.`,
        { code: 'HANDLER_DUPLICATE' },
      );
    }
    byPath.set(path, handler);
  }
}
