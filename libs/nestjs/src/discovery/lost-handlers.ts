import { ConfigError } from '@leanmq/core';

import { declaredOn, webhooksOf } from '../decorators/index.js';

/** Returns the prototypes of an instance, from its own class up. */
export function prototypesOf(instance: unknown): object[] {
  const prototypes: object[] = [];
  if (typeof instance !== 'object' || instance === null) return prototypes;
  let prototype = Object.getPrototypeOf(instance) as object | null;
  while (prototype !== null && prototype !== Object.prototype) {
    prototypes.push(prototype);
    prototype = Object.getPrototypeOf(prototype) as object | null;
  }
  return prototypes;
}

/**
 * Refuses a method that a decorator above `@OnWebhook` has replaced, because the replacement lacks its handlers and guards.
 *
 * @throws {ConfigError} naming class and method
 */
export function assertNotReplaced(instance: unknown): void {
  for (const prototype of prototypesOf(instance)) {
    for (const { path, declaredAs, method } of declaredOn(prototype)) {
      const current = Object.getOwnPropertyDescriptor(prototype, declaredAs)?.value as unknown;
      if (current === method || isHandler(current, path)) continue;
      throw new ConfigError(
        `${placeOf(prototype, declaredAs)} handles "${path}", but another decorator has replaced the method after @OnWebhook was applied, and its metadata is lost. Put @OnWebhook (and @UseGuards and the like) above that decorator.`,
        { code: 'HANDLER_REPLACED' },
      );
    }
  }
}

/** Describes each handler of a parent class that a subclass overrides without `@OnWebhook`. */
export function overriddenHandlers(instances: readonly unknown[]): string[] {
  return instances.flatMap((instance) => {
    const [own, ...parents] = prototypesOf(instance);
    if (own === undefined) return [];
    return parents.flatMap((parent) =>
      declaredOn(parent)
        .filter(({ declaredAs }) => isNoHandler(Reflect.get(own, declaredAs)))
        .map(({ declaredAs, path }) => {
          const where = placeOf(own, declaredAs);
          return `${where} overrides ${placeOf(parent, declaredAs)} without @OnWebhook, so it does not handle "${path}".`;
        }),
    );
  });
}

function placeOf(prototype: object, method: string): string {
  return `${prototype.constructor.name}.${method}`;
}

function isHandler(method: unknown, path: string): boolean {
  if (typeof method !== 'function') return false;
  return webhooksOf(method).some((webhook) => webhook.path === path);
}

function isNoHandler(method: unknown): boolean {
  return typeof method !== 'function' || webhooksOf(method).length === 0;
}
