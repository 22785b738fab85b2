import 'reflect-metadata';

import type { ExecutionContext } from '@nestjs/common';

/** Names under which Nest keeps the parameters of a method, and that `@Res({ passthrough: true })` leaves the answer to it. */
const ROUTE_ARGS = '__routeArguments__';
const PASSTHROUGH = '__responsePassthrough__';
/** Numbers of `@Res()` and `@Next()`. */
const RESPONSE = /^(1|2):/;

/** Returns true when a method sends its own response, as one with `@Res()` does. */
export function answersItself(context: ExecutionContext): boolean {
  const [type, name] = [context.getClass(), context.getHandler().name];
  const args = Object(Reflect.getMetadata(ROUTE_ARGS, type, name)) as object;
  if (!Object.keys(args).some((key) => RESPONSE.test(key))) return false;
  return Reflect.getMetadata(PASSTHROUGH, type, name) !== true;
}
