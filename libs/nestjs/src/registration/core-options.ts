import { ConfigError, type HandlerOptions, type WebhookDelivery } from '@leanmq/core';

import type { FoundHandler } from '../discovery/index.js';

type KeyFunction = Extract<HandlerOptions['idempotent'], (...args: never[]) => unknown>;

/** The options of a handler that are the core's. */
export function coreOptions({ options, where }: FoundHandler): HandlerOptions | undefined {
  // What is not an object is for the core to refuse, in its own words.
  if (typeof options !== 'object' || (options as unknown) === null) return options;
  const { payload: _, ...rest } = options;
  if (typeof rest.idempotent !== 'function') return rest;
  return { ...rest, idempotent: namedIn(where, rest.idempotent) };
}

/** Has a key that is not one blamed on the handler whose function returned it. */
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
    `The key function in option "idempotent" of ${where} returned ${returned} for message "${id}"; return what tells one message from another, or set the option to true to go by the message's id.`,
    { code: 'IDEMPOTENCY_KEY' },
  );
}
