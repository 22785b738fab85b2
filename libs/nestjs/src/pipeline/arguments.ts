import type { ParamsFactory } from '@nestjs/core';

import { POSITIONAL_ARGS } from '../decorators/index.js';
import { BODY, DELIVERY, ROUTE_ARGS } from '../nest-metadata.js';

/** Says what goes into a parameter, before its pipes. */
export const argumentsFactory: ParamsFactory = {
  exchangeKeyForValue(type: number, property: unknown, args: [unknown, unknown]): unknown {
    const [payload, delivery] = args;
    if (type === DELIVERY) return delivery;
    // `@Query()` and the like, which mean nothing here.
    if (type !== BODY) return undefined;
    return typeof property === 'string' ? propertyOf(payload, property) : payload;
  },
};

/** Where the parameters of a handler are described: by its own decorators if it has any, else by position. */
export function argumentsKey(type: object, method: string): string {
  return Reflect.hasMetadata(ROUTE_ARGS, type, method) ? ROUTE_ARGS : POSITIONAL_ARGS;
}

function propertyOf(payload: unknown, property: string): unknown {
  if (typeof payload !== 'object' || payload === null) return undefined;
  return Object.hasOwn(payload, property) ? Reflect.get(payload, property) : undefined;
}
