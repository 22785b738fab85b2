import { ENTRY_PROVIDER } from '../nest-metadata.js';
import { describePositional } from './arguments.js';
import type { WebhookBatchOptions, WebhookOptions } from './webhook-options.js';

/** What `@OnWebhook` or `@OnWebhookBatch` says of a method. */
export type Webhook =
  | {
      readonly path: string;
      readonly isBatch: false;
      readonly options: WebhookOptions | undefined;
    }
  | {
      readonly path: string;
      readonly isBatch: true;
      readonly options: WebhookBatchOptions;
    };

const WEBHOOKS = 'leanmq:webhooks';

export function addWebhook(
  target: object,
  method: string | symbol,
  handler: unknown,
  webhook: Webhook,
): void {
  // Decorators are applied from the bottom up.
  const all = [webhook, ...webhooksOf(handler as object)];
  Reflect.defineMetadata(WEBHOOKS, all, handler as object);
  Reflect.defineMetadata(ENTRY_PROVIDER, true, target.constructor);
  describePositional(target, method);
}

/** The paths that a method handles, without prefix. */
export function webhooksOf(method: object): readonly Webhook[] {
  return (Reflect.getMetadata(WEBHOOKS, method) ?? []) as Webhook[];
}
