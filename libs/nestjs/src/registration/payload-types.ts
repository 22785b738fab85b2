import { ConfigError } from '@leanmq/core';

import type { FoundHandler } from '../discovery/index.js';
import { BODY } from '../decorators/index.js';
import { argumentsOf, declaredTypes, isPositional, payloadParameters } from '../pipeline/index.js';

/**
 * Makes sure that the type of a payload is known where its handler counts on it: without it nothing would be validated, in
 * silence.
 *
 * @param validates whether any class of the process has validation decorators
 * @throws {ConfigError} that says what to do
 */
export function assertTypesKnown(handler: FoundHandler, validates: boolean): void {
  // Lists say nothing of their items in any build; a batch names the class in its options.
  if (handler.isBatch || declaredTypes(handler) !== undefined) return;
  const whole = payloadParameters(handler);
  const payload = handler.options?.payload;
  if (isPositional(handler)) {
    // Code without types has none to lose, as long as nothing is validated.
    if (!validates || handler.method.length === 0 || payload !== undefined) return;
    throw missing('name the class in option "payload" ({ payload: Object } if it is not a class)');
  }
  const all = Object.keys(argumentsOf(handler)).filter((key) => key.startsWith(`${BODY}:`));
  if (all.length === 0 || payload === Object) return;
  if (all.length > whole.length) {
    throw missing(
      'take the whole payload instead of its properties and name its class in option "payload" ({ payload: Object } if it is not a class)',
    );
  }
  if (payload === undefined) {
    throw missing('name the class in option "payload" ({ payload: Object } if it is not a class)');
  }
}

/** Whether a handler's payload is declared with what is not a class at run time, and nobody has said so. */
export function isUntyped(handler: FoundHandler): boolean {
  if (handler.isBatch || handler.options?.payload !== undefined) return false;
  const types = declaredTypes(handler) ?? [];
  return payloadParameters(handler).some((index) => types[index] === Object);
}

function missing(remedy: string): ConfigError {
  return new ConfigError(
    `The type of the payload is not known, so it would not be validated: this build emits no decorator metadata. Set "emitDecoratorMetadata" and build with tsc or SWC (esbuild, tsx and vitest do not emit it by themselves), or ${remedy}.`,
    { code: 'METADATA_MISSING' },
  );
}
