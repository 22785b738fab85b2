import { ConfigError } from '@leanmq/core';

import type { FoundHandler } from '../discovery/index.js';
import { payloadParameters } from '../pipeline/index.js';

/** @throws {ConfigError} for options that only `@OnWebhookBatch` has */
export function assertNoBatch(options: unknown): void {
  // The core refuses a value that is not an object.
  if (Object(options) !== options || !('batch' in (options as object))) return;
  throw new ConfigError(
    'Option "batch" is not for @OnWebhook, whose methods get one delivery at a time; use @OnWebhookBatch.',
  );
}

/** @throws {ConfigError} for a payload that is not a class, or that no parameter receives */
export function assertPayloadOption(handler: FoundHandler, payload: unknown): void {
  if (payload === undefined) return;
  if (typeof payload !== 'function') {
    throw ConfigError.option('payload', payload, 'the class of each payload');
  }
  // `Object` is allowed for parameters that get one property, too.
  if (payload !== Object && payloadParameters(handler).length === 0) {
    throw new ConfigError(
      `Option "payload" is ${payload.name}, but no parameter receives the whole payload; add @Payload() to one, or omit the option.`,
    );
  }
}

/** @throws {ConfigError} for options of a batch handler that the core cannot check: payload classes and missing options */
export function assertBatchOptions(handler: FoundHandler & { readonly isBatch: true }): void {
  // In plain JavaScript the second argument may be missing.
  const { batch, payload } = Object(handler.options) as { batch?: unknown; payload?: unknown };
  if (typeof batch !== 'object' || batch === null) {
    throw missing(batch);
  }
  assertPayloadOption(handler, payload);
}

/** @throws {ConfigError} for a method with both kinds of decorator: it would get single messages and lists */
export function assertOneKind(handlers: readonly FoundHandler[]): void {
  const kinds = new Map<FoundHandler['method'], boolean>();
  for (const { method, isBatch, where } of handlers) {
    if ((kinds.get(method) ?? isBatch) !== isBatch) {
      throw new ConfigError(
        `${where} has both @OnWebhook and @OnWebhookBatch; use a separate method for each.`,
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
