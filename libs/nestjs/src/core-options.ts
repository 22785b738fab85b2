import { ConfigError, type HandlerOptions, type WebhookDelivery } from '@leanmq/core';

import type { FoundHandler } from './discovery/index.js';

/** The options of a handler that are the core's. */
export function coreOptions({ options, where }: FoundHandler): HandlerOptions | undefined {
  // What is not an object is for the core to refuse, in its own words.
  if (typeof options !== 'object' || (options as unknown) === null) return options;
  const { payload: _, idempotent, ...rest } = options;
  if (typeof idempotent !== 'function')
    return idempotent === undefined ? rest : { ...rest, idempotent };
  return { ...rest, idempotent: namedIn(where, idempotent) };
}

/** Has a key that is none blamed on the handler whose function returned it. */
function namedIn(
  where: string,
  keyOf: (delivery: WebhookDelivery) => string,
): (delivery: WebhookDelivery) => string {
  return (delivery) => {
    const key: unknown = keyOf(delivery);
    if (key !== undefined && key !== null && key !== '') return key as string;
    throw new ConfigError(
      `The key function in option "idempotent" of ${where} returned ${key === '' ? 'an empty text' : String(key)} for message "${delivery.id}"; return what tells one message from another, or set the option to true to go by the message's id.`,
      { code: 'IDEMPOTENCY_KEY' },
    );
  };
}
