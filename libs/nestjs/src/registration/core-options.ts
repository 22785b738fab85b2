import { ConfigError, type HandlerOptions, type WebhookDelivery } from '@leanmq/core';

import type { FoundHandler } from '../discovery/index.js';

type KeyFunction = Extract<HandlerOptions['idempotent'], (...args: never[]) => unknown>;

/** Returns the options of a handler without the Nest-only ones. */
export function coreOptions({ options, where }: FoundHandler): HandlerOptions | undefined {
  // The core refuses a value that is not an object.
  if (typeof options !== 'object' || (options as unknown) === null) return options;
  const { payload: _, ...rest } = options;
  if (typeof rest.idempotent !== 'function') return rest;
  return { ...rest, idempotent: namedIn(where, rest.idempotent) };
}

/** Wraps a key function, so that the error about an invalid key names the handler. */
function namedIn(where: string, keyOf: KeyFunction): KeyFunction {
  return (delivery) => {
    const key = keyOf(delivery);
    return key instanceof Promise
      ? key.then((later) => checked(where, delivery, later))
      : checked(where, delivery, key);
  };
}

function checked(where: string, { id }: WebhookDelivery, key: string): string {
  const given: unknown = key;
  if (given !== undefined && given !== null && given !== '') return key;
  const returned = given === '' ? 'an empty text' : String(given);
  throw new ConfigError(
    `The key function in option "idempotent" of ${where} returned ${returned} for message "${id}"; return a value that identifies the message, or set the option to true to use the message's id.`,
    { code: 'IDEMPOTENCY_KEY' },
  );
}
