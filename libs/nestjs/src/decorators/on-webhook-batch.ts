import { assertCalled } from './method-target.js';
import type { WebhookBatchOptions } from './webhook-options.js';
import { addWebhook } from './webhooks.js';

/**
 * Makes a method the handler of a path that gets several deliveries at once; `concurrency` then counts batches.
 *
 * Each parameter gets a list, with what `@OnWebhook` would give it for each message; without parameter decorators the
 * method is called with (payloads, deliveries). A message that its pipes or its validation keep back is not in the lists
 * and is settled by itself.
 *
 * To return nothing (or anything but a list) is to acknowledge all, to throw is to have all retried. A list says for each
 * message, in the order of the lists, what it failed with, `RejectError` and `RetryError` included, or undefined if it did
 * not.
 *
 * @param path slashes at both ends mean nothing; a `@WebhookController` may put a prefix before it
 * @param options `batch` is needed; `payload` is the class of each payload, and the rest is as for `@OnWebhook`
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
