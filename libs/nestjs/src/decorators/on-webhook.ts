import type { HandlerOptions } from '@leanmq/core';

import { ENTRY_PROVIDER } from '../nest-metadata.js';
import { describePositional } from './arguments.js';

/** What a handler may say otherwise than the defaults: all that the core takes, but a method has one delivery at a time. */
export type WebhookOptions<T = unknown> = Omit<HandlerOptions<T>, 'batch'>;

/** What `@OnWebhook` says of a method. */
export interface Webhook {
  readonly path: string;
  readonly options: WebhookOptions | undefined;
}

const WEBHOOKS = 'leanmq:webhooks';

/**
 * Makes a method the handler of a path for this service's group. Several may be stacked on one method.
 *
 * It works on methods of providers and controllers. Parameters get what `@Payload()` and `@Delivery()` say; without
 * parameter decorators the method is called with (payload, delivery). To return is to acknowledge, to throw is to have
 * the message retried; `RejectError` and `RetryError` steer it.
 *
 * @param path slashes at both ends mean nothing; a `@WebhookController` may put a prefix before it
 * @param options what is different for this handler: concurrency, attempts, backoff, idempotent and so on; `T` is what is
 * published, which a key function of `idempotent` gets as it is, before pipes and validation
 */
export function OnWebhook<T = unknown>(path: string, options?: WebhookOptions<T>): MethodDecorator {
  return (target, method, descriptor) => {
    const handler = descriptor.value as object;
    // Decorators are applied from the bottom up.
    Reflect.defineMetadata(WEBHOOKS, [{ path, options }, ...webhooksOf(handler)], handler);
    Reflect.defineMetadata(ENTRY_PROVIDER, true, target.constructor);
    describePositional(target, method);
  };
}

/** The paths that a method handles, without prefix. */
export function webhooksOf(method: object): readonly Webhook[] {
  return (Reflect.getMetadata(WEBHOOKS, method) ?? []) as Webhook[];
}
