import { ConfigError } from '@leanmq/core';

import type { FoundHandler } from '../discovery/index.js';
import { BODY } from '../decorators/index.js';
import { argumentsOf, declaredTypes, isPositional, payloadParameters } from '../pipeline/index.js';

/**
 * Ensures that the type of a payload is known where its handler relies on it. Otherwise validation would silently be skipped.
 *
 * @param validates whether any class of the process has validation decorators
 * @throws {ConfigError} with the remedy
 */
export function assertTypesKnown(handler: FoundHandler, validates: boolean): void {
  // No build emits the class of a list's items; a batch names it in its options.
  if (handler.isBatch || declaredTypes(handler) !== undefined) return;
  const whole = payloadParameters(handler);
  const payload = handler.options?.payload;
  if (isPositional(handler)) {
    // Plain JavaScript has no types to lose, as long as nothing is validated.
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

/** Returns true if a payload is declared with a type that is not a class at run time, without `{ payload: Object }`. */
export function isUntyped(handler: FoundHandler): boolean {
  if (handler.isBatch || handler.options?.payload !== undefined) return false;
  const types = declaredTypes(handler) ?? [];
  return payloadParameters(handler).some((index) => types[index] === Object);
}

function missing(remedy: string): ConfigError {
  return new ConfigError(
    `The type of the payload is not known, so it would not be validated: this build emits no decorator metadata. Set "emitDecoratorMetadata" and build with tsc or SWC (esbuild, tsx and vitest do not emit it on their own), or ${remedy}.`,
    { code: 'METADATA_MISSING' },
  );
}
