import type { ApplicationConfig, ParamsFactory } from '@nestjs/core';

import type { FoundHandler } from '../discovery/index.js';

import { POSITIONAL_ARGS } from '../decorators/index.js';
import { BODY, DELIVERY, PARAMETER_TYPES, PIPES, ROUTE_ARGS } from '../nest-metadata.js';

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

// What TypeScript notes of a parameter that is declared with anything but a class.
const NO_CLASSES: readonly unknown[] = [undefined, Object, Array, String, Number, Boolean];

/** Whether a handler gets payload and delivery as they are: no pipe changes them, and there is no class to validate by. */
export function areUntouched(
  { type, method, methodName }: FoundHandler,
  config: ApplicationConfig,
): boolean {
  if (argumentsKey(type, methodName) !== POSITIONAL_ARGS) return false;
  if ([...config.getGlobalPipes(), ...config.getGlobalRequestPipes()].length > 0) return false;
  if ([type, method].some((target) => Reflect.hasMetadata(PIPES, target))) return false;
  const [payload] = (Reflect.getMetadata(PARAMETER_TYPES, type.prototype as object, methodName) ??
    []) as unknown[];
  return NO_CLASSES.includes(payload);
}

/** Whether a parameter gets the whole payload. */
export function hasPayloadParameter(type: object, method: string): boolean {
  return payloadParameters(type, method).length > 0;
}

/**
 * The types of a batch handler's parameters, for one message: a parameter for the whole payload is of the payload's
 * class, and the others are declared as lists, which says nothing.
 */
export function itemTypes(
  { type, methodName }: Handled,
  declared: readonly unknown[] = [],
  payload: unknown,
): unknown[] {
  const ofPayload = payloadParameters(type, methodName);
  return declared.map((own, index) => {
    if (ofPayload.includes(index)) return payload;
    return own === Array ? undefined : own;
  });
}

interface Handled {
  readonly type: object;
  readonly methodName: string;
}

interface Described {
  readonly index: number;
  readonly data?: unknown;
}

function payloadParameters(type: object, method: string): number[] {
  const described = (Reflect.getMetadata(argumentsKey(type, method), type, method) ?? {}) as Record<
    string,
    Described
  >;
  return Object.entries(described)
    .filter(([key, { data }]) => key.startsWith(`${BODY}:`) && data === undefined)
    .map(([, { index }]) => index);
}

function propertyOf(payload: unknown, property: string): unknown {
  if (typeof payload !== 'object' || payload === null) return undefined;
  return Object.hasOwn(payload, property) ? Reflect.get(payload, property) : undefined;
}
