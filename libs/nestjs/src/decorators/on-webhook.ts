import { assertCalled } from './method-target.js';
import type { WebhookOptions } from './webhook-options.js';
import { addWebhook } from './webhooks.js';

/**
 * Registers a method as the handler of a path for this service's group. A method may have several.
 *
 * Works on methods of providers and controllers. `@Payload()` and `@Delivery()` select the arguments; without parameter
 * decorators the method is called with (payload, delivery). Returning acknowledges the message, throwing retries it;
 * `RejectError` dead-letters it, and `RetryError` sets the delay.
 *
 * @param path slashes at its ends mean nothing; a `@WebhookController` may add a prefix
 * @param options of this handler: concurrency, attempts, backoff, idempotent and so on. `T` is the published payload, which a
 * key function of `idempotent` receives before pipes and validation
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
