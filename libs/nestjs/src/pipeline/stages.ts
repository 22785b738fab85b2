import type { ApplicationConfig, ExternalContextCreator } from '@nestjs/core';

import type { FoundHandler } from '../discovery/index.js';
import { Admission } from './admission.js';
import { Callback } from './callback.js';
import { ContextCreator } from './context-creator.js';
import { assertEnhancersKnown } from './enhancers.js';
import { Failures } from './failures.js';
import { Guards } from './guards.js';
import { stepLimitMs } from './settled-within.js';

/** Parts of a handler's pipeline, for single messages and batches alike. */
export class Stages {
  readonly contexts: ContextCreator;
  readonly callback: Callback;
  readonly failures: Failures;
  readonly guards: Guards;
  readonly admission: Admission;
  /** Time limit for one message of a batch, in ms. */
  readonly limitMs: number;

  /** @throws {ConfigError} if Nest would ignore an enhancer of the handler */
  constructor(
    external: ExternalContextCreator,
    config: ApplicationConfig,
    readonly handler: FoundHandler,
    handlerTimeoutMs: number | undefined,
  ) {
    assertEnhancersKnown(handler, config);
    this.limitMs = stepLimitMs(handlerTimeoutMs);
    this.contexts = new ContextCreator(external, config, handler);
    this.callback = new Callback(handler.method);
    this.guards = new Guards(external, handler);
    this.failures = new Failures(this.contexts, config, handler, this.callback, this.guards);
    this.admission = new Admission(this.guards, this.failures, handler, this.limitMs);
  }
}
