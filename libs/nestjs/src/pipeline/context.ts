import type { WebhookDelivery } from '@leanmq/core';
import type { ArgumentsHost } from '@nestjs/common';

export const CONTEXT_TYPE = 'leanmq';

/**
 * What `getArgs` returns in guards, interceptors and exception filters of a message handler; the payload is as it was
 * published, before pipes and validation. `context.getArgs<LeanMQArguments<OrderStatus>>()` has the types.
 */
export type LeanMQArguments<T = unknown> = [payload: T, delivery: WebhookDelivery<T>];

/**
 * Whether a guard, an interceptor or an exception filter is asked about a message handler, and not about an HTTP
 * request, say.
 */
export function isLeanMQContext(context: ArgumentsHost): boolean {
  return context.getType<string>() === CONTEXT_TYPE;
}
