import { ConfigError } from '@leanmq/core';
import type { ApplicationConfig } from '@nestjs/core';

import type { FoundHandler } from '../discovery/index.js';
import { ENHANCERS } from '../decorators/index.js';
import { argumentsOf } from './arguments.js';

/**
 * Ensures that Nest finds every guard, interceptor, pipe and filter of a handler. Nest silently ignores those it does not
 * find, which for a guard is a security hole. It finds none on providers that come from a factory or a value.
 *
 * @throws {ConfigError} that names the ignored enhancer
 */
export function assertEnhancersKnown(handler: FoundHandler, config: ApplicationConfig): void {
  const { wrapper } = handler;
  const known = new Set<unknown>(wrapper.host?.injectables.keys());
  const missing = boundClasses(handler).find((enhancer) => !known.has(enhancer));
  if (missing !== undefined) throw unknown(missing.name);
  const tied = new Set<unknown>(wrapper.getEnhancersMetadata());
  const missingGlobal = globalPerRequest(config).find((enhancer) => !tied.has(enhancer));
  if (missingGlobal !== undefined) {
    throw unknown(`the request-scoped global ${String(missingGlobal.metatype?.name)}`);
  }
}

function unknown(what: string): ConfigError {
  return new ConfigError(
    `Nest would ignore ${what}: it only looks for guards, pipes, interceptors and filters on classes that it instantiates itself. List the class under "providers", not a factory or a value.`,
    { code: 'ENHANCER_UNKNOWN' },
  );
}

/** Returns the enhancers that are bound as classes; instances need no lookup. */
function boundClasses(handler: FoundHandler): { readonly name: string }[] {
  const { type, method } = handler;
  const bound = ENHANCERS.flatMap((key) =>
    [type, method].flatMap((target) => (Reflect.getMetadata(key, target) ?? []) as unknown[]),
  );
  const pipes = Object.values(argumentsOf(handler)).flatMap(({ pipes = [] }) => pipes);
  return [...bound, ...pipes].filter((each) => typeof each === 'function');
}

function globalPerRequest(
  config: ApplicationConfig,
): { readonly metatype: { readonly name: string } | null }[] {
  return [
    ...config.getGlobalRequestGuards(),
    ...config.getGlobalRequestInterceptors(),
    ...config.getGlobalRequestPipes(),
    ...config.getGlobalRequestFilters(),
  ];
}
