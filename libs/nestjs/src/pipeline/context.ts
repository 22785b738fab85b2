import type { WebhookDelivery } from '@leanmq/core';
import type { ArgumentsHost } from '@nestjs/common';

export const CONTEXT_TYPE = 'leanmq';

/**
 * Arguments (`context.getArgs`) in guards, interceptors and exception filters of a message handler. The payload is as
 * published, before pipes and validation. For the types, call `context.getArgs<LeanMQArguments<OrderStatus>>()`.
 */
export type LeanMQArguments<T = unknown> = [payload: T, delivery: WebhookDelivery<T>];

/**
 * Arguments of a batch handler: the published payloads and their deliveries, before pipes or validation refuse any of them.
 * Pipes and custom parameter decorators work on single messages and get `LeanMQArguments`.
 */
export type LeanMQBatchArguments<T = unknown> = [
  payloads: readonly T[],
  deliveries: readonly WebhookDelivery<T>[],
];

/**
 * Returns true if a guard, an interceptor or an exception filter is called for a message handler rather than, for example, an
 * HTTP request. `isLeanMQBatch` tells a batch from a single message.
 */
export function isLeanMQContext(context: ArgumentsHost): boolean {
  return context.getType<string>() === CONTEXT_TYPE;
}

/** Returns true if the context is a whole batch, so that its arguments are lists. */
export function isLeanMQBatch(context: ArgumentsHost): boolean {
  return isLeanMQContext(context) && Array.isArray(context.getArgByIndex(1));
}
