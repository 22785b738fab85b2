import { ConfigError } from '@leanmq/core';

import type { FoundHandler } from '../discovery/index.js';
import { payloadParameters } from '../pipeline/index.js';

/** @throws {ConfigError} for options that are those of `@OnWebhookBatch` */
export function assertNoBatch(options: unknown): void {
  // What is no object is for the core to refuse, in its own words.
  if (Object(options) !== options || !('batch' in (options as object))) return;
  throw new ConfigError(
    'Option "batch" is not for @OnWebhook, whose methods get one delivery at a time; use @OnWebhookBatch.',
  );
}

/** @throws {ConfigError} for a payload that is not a class, or that no parameter would get */
export function assertPayloadOption(handler: FoundHandler, payload: unknown): void {
  if (payload === undefined) return;
  if (typeof payload !== 'function') {
    throw ConfigError.option('payload', payload, 'the class of each payload');
  }
  // That it is not a class may be said of properties too.
  if (payload !== Object && payloadParameters(handler).length === 0) {
    throw new ConfigError(
      `Option "payload" is ${payload.name}, but no parameter gets a whole payload to make one of; give one @Payload(), or leave the option out.`,
    );
  }
}

/** @throws {ConfigError} for what the core, which has no payload classes and has defaults for batches, does not refuse */
export function assertBatchOptions(handler: FoundHandler & { readonly isBatch: true }): void {
  // Without types the second argument may have been forgotten.
  const { batch, payload } = Object(handler.options) as { batch?: unknown; payload?: unknown };
  if (typeof batch !== 'object' || batch === null) {
    throw missing(batch);
  }
  assertPayloadOption(handler, payload);
}

/** @throws {ConfigError} for a method that would get a message here and lists of them there */
export function assertOneKind(handlers: readonly FoundHandler[]): void {
  const kinds = new Map<FoundHandler['method'], boolean>();
  for (const { method, isBatch, where } of handlers) {
    if ((kinds.get(method) ?? isBatch) !== isBatch) {
      throw new ConfigError(
        `${where} has both @OnWebhook and @OnWebhookBatch; give each a method of its own.`,
      );
    }
    kinds.set(method, isBatch);
  }
}

function missing(batch: unknown): ConfigError {
  if (batch !== undefined) {
    return ConfigError.option('batch', batch, '{ size, waitMs }');
  }
  return new ConfigError(
    'Option "batch" is missing: say how batches are made, for example { batch: { size: 50, waitMs: 20 } }.',
  );
}
