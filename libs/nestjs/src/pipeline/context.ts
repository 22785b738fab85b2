import type { WebhookDelivery } from '@leanmq/core';
import type { ArgumentsHost } from '@nestjs/common';

export const CONTEXT_TYPE = 'leanmq';

/** What guards, interceptors and filters get of a message handler's execution context. */
export interface LeanMQContext {
  getArgs<Args extends unknown[] = [payload: unknown, delivery: WebhookDelivery]>(): Args;
}

/**
 * Whether a guard, an interceptor or an exception filter is asked about a message handler, and not about an HTTP
 * request, say. `context.getArgs()` is then `[payload, delivery]`, the payload as it was published.
 */
export function isLeanMQContext<Host extends ArgumentsHost>(
  context: Host,
): context is LeanMQContext & Host {
  return context.getType<string>() === CONTEXT_TYPE;
}
