import type { ApplicationConfig, ParamsFactory } from '@nestjs/core';

import type { FoundHandler } from '../discovery/index.js';

import {
  POSITIONAL_ARGUMENTS,
  argumentsDescribedBy,
  type DescribedArguments,
} from '../decorators/index.js';
import { BODY, DELIVERY, PARAMETER_TYPES, PIPES } from '../decorators/index.js';

/** Selects the value of a parameter, before its pipes. */
export const argumentsFactory: ParamsFactory = {
  exchangeKeyForValue(type: number, property: unknown, args: [unknown, unknown]): unknown {
    const [payload, delivery] = args;
    if (type === DELIVERY) return delivery;
    // `@Query()` and other parameters of HTTP have no value here.
    if (type !== BODY) return undefined;
    return typeof property === 'string' ? propertyOf(payload, property) : payload;
  },
};

/** Returns the parameters of a handler: as its decorators describe them, or by position without decorators. */
export function argumentsOf({ declaredBy, declaredAs }: FoundHandler): DescribedArguments {
  const described = argumentsDescribedBy(declaredBy, declaredAs);
  return Object.keys(described).length > 0 ? described : POSITIONAL_ARGUMENTS;
}

/** Returns true if no decorator describes the parameters, so that the handler is called with (payload, delivery). */
export function isPositional(handler: FoundHandler): boolean {
  return argumentsOf(handler) === POSITIONAL_ARGUMENTS;
}

/** Returns the parameter types that TypeScript emitted; undefined if the build emits none. */
export function declaredTypes({ declaredBy, declaredAs }: FoundHandler): unknown[] | undefined {
  return Reflect.getOwnMetadata(PARAMETER_TYPES, declaredBy, declaredAs) as unknown[] | undefined;
}

/**
 * Returns the types of a handler's parameters, for one message. A parameter for the whole payload has the class of option
 * `payload`, if given. The types of a batch handler are lists and carry no class.
 */
export function itemTypes(handler: FoundHandler): unknown[] {
  const types = [...(declaredTypes(handler) ?? [])];
  const payload = handler.options?.payload;
  if (handler.isBatch) {
    types.forEach((type, index) => {
      if (type === Array) types[index] = undefined;
    });
  }
  for (const index of payloadParameters(handler)) {
    if (payload !== undefined || handler.isBatch) types[index] = payload;
  }
  return types;
}

// Types that TypeScript emits for anything but a class.
const NO_CLASSES: readonly unknown[] = [undefined, Object, Array, String, Number, Boolean];

/** Returns true if payload and delivery are passed unchanged: no pipes, and no class to validate. */
export function areUntouched(handler: FoundHandler, config: ApplicationConfig): boolean {
  if (!isPositional(handler)) return false;
  if ([...config.getGlobalPipes(), ...config.getGlobalRequestPipes()].length > 0) return false;
  const { type, method } = handler;
  if ([type, method].some((target) => Reflect.hasMetadata(PIPES, target))) return false;
  return NO_CLASSES.includes(itemTypes(handler)[0]);
}

/** Returns the indexes of the parameters that receive the whole payload. */
export function payloadParameters(handler: FoundHandler): number[] {
  return Object.entries(argumentsOf(handler))
    .filter(([key, { data }]) => key.startsWith(`${BODY}:`) && data === undefined)
    .map(([, { index }]) => index);
}

function propertyOf(payload: unknown, property: string): unknown {
  if (typeof payload !== 'object' || payload === null) return undefined;
  return Object.hasOwn(payload, property) ? Reflect.get(payload, property) : undefined;
}
