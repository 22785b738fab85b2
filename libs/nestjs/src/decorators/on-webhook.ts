import { assertCalled } from './method-target.js';
import type { WebhookOptions } from './webhook-options.js';
import { addWebhook } from './webhooks.js';

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
  assertCalled('@OnWebhook', [path, options]);
  return (target, method, descriptor) => {
    const kept = options as WebhookOptions | undefined;
    addWebhook('@OnWebhook', target, method, descriptor, {
      path,
      options: kept,
      isBatch: false,
    });
  };
}
