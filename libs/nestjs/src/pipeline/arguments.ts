import type { ApplicationConfig, ParamsFactory } from '@nestjs/core';

import type { FoundHandler } from '../discovery/index.js';

import {
  POSITIONAL_ARGUMENTS,
  argumentsDescribedBy,
  type DescribedArguments,
} from '../decorators/index.js';
import { BODY, DELIVERY, PARAMETER_TYPES, PIPES } from '../decorators/index.js';

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

/** The parameters of a handler: as its own decorators describe them if it has any, else by position. */
export function argumentsOf({ declaredBy, declaredAs }: FoundHandler): DescribedArguments {
  const described = argumentsDescribedBy(declaredBy, declaredAs);
  return Object.keys(described).length > 0 ? described : POSITIONAL_ARGUMENTS;
}

/** Whether a handler is called with (payload, delivery), because nothing describes its parameters. */
export function isPositional(handler: FoundHandler): boolean {
  return argumentsOf(handler) === POSITIONAL_ARGUMENTS;
}

/** The types that TypeScript notes of a method's parameters; undefined if the build does not emit them. */
export function declaredTypes({ declaredBy, declaredAs }: FoundHandler): unknown[] | undefined {
  return Reflect.getOwnMetadata(PARAMETER_TYPES, declaredBy, declaredAs) as unknown[] | undefined;
}

/**
 * The types of a handler's parameters, for one message. A parameter for the whole payload is of the class in option
 * `payload` if there is one. Those of a batch handler are declared as lists, which says nothing.
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

// What TypeScript notes of a parameter that is declared with anything but a class.
const NO_CLASSES: readonly unknown[] = [undefined, Object, Array, String, Number, Boolean];

/** Whether a handler gets payload and delivery as they are: no pipe changes them, and there is no class to validate by. */
export function areUntouched(handler: FoundHandler, config: ApplicationConfig): boolean {
  if (!isPositional(handler)) return false;
  if ([...config.getGlobalPipes(), ...config.getGlobalRequestPipes()].length > 0) return false;
  const { type, method } = handler;
  if ([type, method].some((target) => Reflect.hasMetadata(PIPES, target))) return false;
  return NO_CLASSES.includes(itemTypes(handler)[0]);
}

/** Indexes of the parameters that get the whole payload. */
export function payloadParameters(handler: FoundHandler): number[] {
  return Object.entries(argumentsOf(handler))
    .filter(([key, { data }]) => key.startsWith(`${BODY}:`) && data === undefined)
    .map(([, { index }]) => index);
}

function propertyOf(payload: unknown, property: string): unknown {
  if (typeof payload !== 'object' || payload === null) return undefined;
  return Object.hasOwn(payload, property) ? Reflect.get(payload, property) : undefined;
}
