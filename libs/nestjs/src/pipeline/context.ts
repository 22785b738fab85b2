import type { WebhookDelivery } from '@leanmq/core';
import type { ArgumentsHost } from '@nestjs/common';

export const CONTEXT_TYPE = 'leanmq';

/**
 * What `getArgs` returns in guards, interceptors and exception filters of a message handler; the payload is as it was
 * published, before pipes and validation. `context.getArgs<LeanMQArguments<OrderStatus>>()` has the types.
 */
export type LeanMQArguments<T = unknown> = [payload: T, delivery: WebhookDelivery<T>];

/**
 * The same for a batch handler: what was published, and its deliveries, before any of them is kept back by pipes or
 * validation. Pipes, and parameter decorators of your own, work on single messages and have `LeanMQArguments`.
 */
export type LeanMQBatchArguments<T = unknown> = [
  payloads: readonly T[],
  deliveries: readonly WebhookDelivery<T>[],
];

/**
 * Whether a guard, an interceptor or an exception filter is asked about a message handler, and not about an HTTP
 * request, say. It is about a single message or a batch of them, see `isLeanMQBatch`.
 */
export function isLeanMQContext(context: ArgumentsHost): boolean {
  return context.getType<string>() === CONTEXT_TYPE;
}

/** Whether it is asked about a whole batch, so that the arguments are lists. */
export function isLeanMQBatch(context: ArgumentsHost): boolean {
  return isLeanMQContext(context) && Array.isArray(context.getArgByIndex(1));
}
