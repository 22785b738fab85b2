import type { PipeTransform, Type } from '@nestjs/common';

import { ConfigError } from '@leanmq/core';

import { BODY, DELIVERY, ROUTE_ARGS } from './nest-metadata.js';
import { PayloadValidation } from '../validation/index.js';

export type PipeLike = Type<PipeTransform> | PipeTransform;

interface Argument {
  readonly index: number;
  readonly data: string | undefined;
  readonly pipes: readonly PipeLike[];
}

/** Nest's descriptions of a method's parameters, by `type:index`. */
export type DescribedArguments = Readonly<
  Record<string, { readonly index: number; readonly data?: unknown; readonly pipes?: unknown[] }>
>;

const validation = new PayloadValidation();

/**
 * Describes a parameter to Nest, in the way of its own `@Body()`.
 *
 * @throws {ConfigError} for a parameter of a constructor
 */
export function describeArgument(
  target: object,
  method: string | symbol | undefined,
  type: number,
  argument: Argument,
): void {
  if (method === undefined) {
    const name = typeof target === 'function' ? target.name : target.constructor.name;
    throw new ConfigError(
      `The constructor of ${name} has @Payload() or @Delivery(); use them on the parameters of a handler method.`,
      { code: 'DECORATOR_MISPLACED' },
    );
  }
  const host = target.constructor;
  const others = (Reflect.getOwnMetadata(ROUTE_ARGS, host, method) ?? {}) as object;
  const all = { ...others, [`${type}:${argument.index}`]: argument };
  Reflect.defineMetadata(ROUTE_ARGS, all, host, method);
}

/** Adds the validation as the last pipe, so that nothing can change a validated payload. */
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

/** Arguments of a handler without parameter decorators: payload, delivery. */
export const POSITIONAL_ARGUMENTS: DescribedArguments = Object.freeze({
  [`${BODY}:0`]: { index: 0, data: undefined, pipes: [validation] },
  [`${DELIVERY}:1`]: { index: 1, data: undefined, pipes: [] },
});

/**
 * Returns the parameters that a method's decorators describe. An overriding method does not inherit its parent's, because its
 * parameters may differ.
 *
 * @param declaredBy the prototype of the class that declares the method
 */
export function argumentsDescribedBy(declaredBy: object, method: string): DescribedArguments {
  const host = declaredBy.constructor;
  const own = (Reflect.getOwnMetadata(ROUTE_ARGS, host, method) ?? {}) as DescribedArguments;
  const parent = Object.getPrototypeOf(host) as object;
  // Nest's own decorators start from a copy of the parent's descriptions.
  const inherited = (Reflect.getMetadata(ROUTE_ARGS, parent, method) ?? {}) as DescribedArguments;
  return Object.fromEntries(
    Object.entries(own)
      .filter(([key, value]) => inherited[key] !== value)
      .map(([key, value]) => [key, key.startsWith(`${BODY}:`) ? validated(value) : value]),
  );
}

/** Adds validation to Nest's own `@Body()` and the microservices' `@Payload()`, which pass the payload without its class. */
function validated(argument: DescribedArguments[string]): DescribedArguments[string] {
  const { pipes = [] } = argument;
  return pipes.includes(validation) ? argument : { ...argument, pipes: [...pipes, validation] };
}
