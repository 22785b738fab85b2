import type { CanActivate } from '@nestjs/common';

import { assertCalled } from './method-target.js';

const BATCH_AWARE = 'leanmq:batch-aware';

/**
 * Declares that a guard knows batches: for a method with `@OnWebhookBatch` it is asked once, with lists
 * (`LeanMQBatchArguments`), and what it refuses is refused as a whole. Any other guard is asked for each message, as if the
 * message had come by itself, and those that it refuses never reach the method.
 *
 * A subclass that overrides `canActivate` declares it again.
 *
 * @example
 * ```ts
 * @BatchAware()
 * @Injectable()
 * class OpeningHours implements CanActivate {
 *   canActivate() {
 *     return isOpen(new Date());
 *   }
 * }
 * ```
 */
export function BatchAware(): ClassDecorator;
export function BatchAware(...given: unknown[]): ClassDecorator {
  assertCalled('@BatchAware', given);
  return (target) => Reflect.defineMetadata(BATCH_AWARE, true, target);
}

export function isBatchAware(guard: CanActivate): boolean {
  // From the guard's own class up to the one that declares the method: an override may not know what its parent knew.
  let prototype = Object.getPrototypeOf(guard) as CanActivate | null;
  while (prototype !== null) {
    if (Reflect.hasOwnMetadata(BATCH_AWARE, prototype.constructor)) return true;
    if (Object.hasOwn(prototype, 'canActivate')) return false;
    prototype = Object.getPrototypeOf(prototype) as CanActivate | null;
  }
  return false;
}
