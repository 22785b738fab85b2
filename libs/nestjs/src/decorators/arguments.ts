import type { PipeTransform, Type } from '@nestjs/common';

import { BODY, DELIVERY, ROUTE_ARGS } from '../nest-metadata.js';
import { PayloadValidation } from '../validation/index.js';

export type PipeLike = Type<PipeTransform> | PipeTransform;

interface Argument {
  readonly index: number;
  readonly data: string | undefined;
  readonly pipes: readonly PipeLike[];
}

/** Where the arguments of a handler without parameter decorators are described: payload, delivery. */
export const POSITIONAL_ARGS = 'leanmq:positional-arguments';

const validation = new PayloadValidation();

/** Adds to what Nest knows of the parameters of a method, the way its own `@Body()` does. */
export function describeArgument(
  target: object,
  method: string | symbol,
  type: number,
  argument: Argument,
): void {
  const host = target.constructor;
  const others = (Reflect.getMetadata(ROUTE_ARGS, host, method) ?? {}) as object;
  const all = { ...others, [`${type}:${argument.index}`]: argument };
  Reflect.defineMetadata(ROUTE_ARGS, all, host, method);
}

/** What a handler receives cannot be changed after the validation, so that it comes after all other pipes. */
export function payloadArgument(
  index: number,
  property?: string,
  pipes: readonly PipeLike[] = [],
): Argument {
  return { index, data: property, pipes: [...pipes, validation] };
}

export function deliveryArgument(index: number): Argument {
  return { index, data: undefined, pipes: [] };
}

/** Kept apart from Nest's own, because the same method may be an HTTP handler. */
export function describePositional(target: object, method: string | symbol): void {
  const positional = {
    [`${BODY}:0`]: payloadArgument(0),
    [`${DELIVERY}:1`]: deliveryArgument(1),
  };
  Reflect.defineMetadata(POSITIONAL_ARGS, positional, target.constructor, method);
}
