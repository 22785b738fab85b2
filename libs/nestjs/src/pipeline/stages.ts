import type { ApplicationConfig, ExternalContextCreator } from '@nestjs/core';

import type { FoundHandler } from '../discovery/index.js';
import { Callback } from './callback.js';
import { ContextCreator } from './context-creator.js';
import { assertEnhancersKnown } from './enhancers.js';
import { Failures } from './failures.js';

/** What the pipeline of a handler is made of, whether it gets single messages or batches. */
export class Stages {
  readonly contexts: ContextCreator;
  readonly callback: Callback;
  readonly failures: Failures;

  /** @throws {ConfigError} if Nest would leave out something that is bound to the handler */
  constructor(
    external: ExternalContextCreator,
    config: ApplicationConfig,
    readonly handler: FoundHandler,
  ) {
    assertEnhancersKnown(handler, config);
    this.contexts = new ContextCreator(external, config, handler);
    this.callback = new Callback(handler.method);
    this.failures = new Failures(this.contexts, config, handler, this.callback);
  }
}
