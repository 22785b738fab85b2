import { ConfigError, LeanMQ, displayPath } from '@leanmq/core';
import { Inject, Injectable } from '@nestjs/common';
import { ApplicationConfig, ExternalContextCreator } from '@nestjs/core';

import { HandlerExplorer, blaming, type FoundHandler } from './discovery/index.js';
import { LEANMQ_OPTIONS, type LeanMQLateOptions } from './options.js';
import { HandlerPipeline } from './pipeline/index.js';

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
    for (const handler of handlers) this.register(handler);
    return handlers.length;
  }

  private register(handler: FoundHandler): void {
    const { path, options, where } = handler;
    const run = new HandlerPipeline(this.external, this.config, handler).build();
    try {
      assertNoBatch(options);
      this.mq.handle(path, run, options);
    } catch (error) {
      throw blaming(where, error);
    }
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

function assertNoBatch(options: object | undefined): void {
  if (options === undefined || !('batch' in options)) return;
  throw new ConfigError(
    'Option "batch" is not for @OnWebhook, whose methods get one delivery at a time; call handleBatch() of LeanMQ in onModuleInit().',
  );
}
