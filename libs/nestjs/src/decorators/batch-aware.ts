import type { CanActivate } from '@nestjs/common';

import { assertCalled } from './method-target.js';

const BATCH_AWARE = 'leanmq:batch-aware';

/**
 * Declares that a guard handles batches: for a method with `@OnWebhookBatch` it is called once, with lists
 * (`LeanMQBatchArguments`), and accepts or refuses the whole batch. Any other guard is called for each message as if it had
 * come alone, and refused messages never reach the method.
 *
 * A subclass that overrides `canActivate` must declare this again.
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
  // Up to the class that declares the method: an override may not handle batches although its parent does.
  let prototype = Object.getPrototypeOf(guard) as CanActivate | null;
  while (prototype !== null) {
    if (Reflect.hasOwnMetadata(BATCH_AWARE, prototype.constructor)) return true;
    if (Object.hasOwn(prototype, 'canActivate')) return false;
    prototype = Object.getPrototypeOf(prototype) as CanActivate | null;
  }
  return false;
}
