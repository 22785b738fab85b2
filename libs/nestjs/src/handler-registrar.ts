import { ConfigError, LeanMQ, displayPath } from '@leanmq/core';
import { Inject, Injectable } from '@nestjs/common';
import { ApplicationConfig, ExternalContextCreator } from '@nestjs/core';

import { HandlerExplorer, blaming, type FoundHandler } from './discovery/index.js';
import { assertBatchOptions, assertNoBatch, assertOneKind } from './handler-kinds.js';
import { LEANMQ_OPTIONS, type LeanMQLateOptions } from './options.js';
import { BatchPipeline, HandlerPipeline, Stages } from './pipeline/index.js';

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
   * @returns how many there are
   * @throws {ConfigError} that names the class and the method whose path or options are not acceptable
   */
  registerAll(): number {
    const handlers = this.explorer.explore();
    this.assertGroup(handlers);
    assertDistinct(handlers);
    assertOneKind(handlers);
    for (const handler of handlers) this.register(handler);
    return handlers.length;
  }

  private register(handler: FoundHandler): void {
    try {
      if (handler.isBatch) this.registerBatch(handler);
      else this.registerSingle(handler);
    } catch (error) {
      throw blaming(handler.where, error);
    }
  }

  private registerSingle(handler: FoundHandler & { readonly isBatch: false }): void {
    const { path, options } = handler;
    assertNoBatch(options);
    this.mq.handle(path, new HandlerPipeline(this.stages(handler)).build(), options);
  }

  private registerBatch(handler: FoundHandler & { readonly isBatch: true }): void {
    assertBatchOptions(handler);
    const { payload, ...options } = handler.options;
    const pipeline = new BatchPipeline(this.stages(handler), payload);
    this.mq.handleBatch(handler.path, pipeline.build(), options);
  }

  private stages(handler: FoundHandler): Stages {
    return new Stages(this.external, this.config, handler);
  }

  private assertGroup([first]: readonly FoundHandler[]): void {
    if (first === undefined || this.options.group !== undefined) return;
    throw new ConfigError(
      `Option "group" is missing: ${first.where} handles "${displayPath(first.path)}", and a service that has handlers names its group.`,
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
        `"${displayPath(path)}" has two handlers: ${other.where} and ${where}. A group has one for each path; call the second from the first, or run it in a service with a group of its own.`,
        { code: 'HANDLER_DUPLICATE' },
      );
    }
    byPath.set(path, handler);
  }
}
