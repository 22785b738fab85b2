import { assertCalled } from './method-target.js';
import type { WebhookBatchOptions } from './webhook-options.js';
import { addWebhook } from './webhooks.js';

/**
 * Registers a method as the handler of a path that receives several deliveries at once; `concurrency` counts batches.
 *
 * Each parameter gets a list of the values that `@OnWebhook` would pass for each message. Without parameter decorators the
 * method is called with (payloads, deliveries). A message that fails its pipes or validation is not in the lists and is
 * settled alone.
 *
 * Returning nothing (or anything but a list) acknowledges all messages; throwing retries all. A returned list holds, in message
 * order, the error of each message (`RejectError` and `RetryError` included), or undefined for success.
 *
 * @param path slashes at its ends mean nothing; a `@WebhookController` may add a prefix
 * @param options `batch` is required; `payload` is the class of each payload; the rest is as for `@OnWebhook`
 */
export function OnWebhookBatch<T = unknown>(
  path: string,
  options: WebhookBatchOptions<T>,
): MethodDecorator {
  assertCalled('@OnWebhookBatch', [path, options]);
  return (target, method, descriptor) => {
    const kept = options as WebhookBatchOptions;
    addWebhook('@OnWebhookBatch', target, method, descriptor, {
      path,
      options: kept,
      isBatch: true,
    });
  };
}
