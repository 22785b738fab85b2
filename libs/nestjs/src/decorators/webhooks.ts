import { ENTRY_PROVIDER } from './nest-metadata.js';
import { noteHandler } from './declared-handlers.js';
import { assertMethod } from './method-target.js';
import type { WebhookBatchOptions, WebhookOptions } from './webhook-options.js';

/** Path and options from `@OnWebhook` or `@OnWebhookBatch`. */
type Declared =
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

/** Webhook with its place of declaration: an inherited handler uses the metadata of the declaring class. */
export type Webhook = Declared & {
  /** Prototype of the class that declares the method. */
  readonly declaredBy: object;
  /** Name of the method in the declaring class. */
  readonly declaredAs: string;
};

const WEBHOOKS = 'leanmq:webhooks';

/** @throws {ConfigError} for anything but an instance method */
export function addWebhook(
  decorator: string,
  target: object,
  method: string | symbol,
  descriptor: PropertyDescriptor,
  declared: Declared,
): void {
  assertMethod(decorator, target, method, descriptor);
  const handler = descriptor.value as object;
  const webhook: Webhook = { ...declared, declaredBy: target, declaredAs: String(method) };
  noteHandler({
    path: declared.path,
    declaredBy: target,
    declaredAs: webhook.declaredAs,
    method: handler,
  });
  // Decorators apply from the bottom up.
  const all = [webhook, ...webhooksOf(handler)];
  Reflect.defineMetadata(WEBHOOKS, all, handler);
  Reflect.defineMetadata(ENTRY_PROVIDER, true, target.constructor);
}

/** Returns the webhooks of a method, with paths without prefix. */
export function webhooksOf(method: object): readonly Webhook[] {
  return (Reflect.getMetadata(WEBHOOKS, method) ?? []) as Webhook[];
}
