import { Injectable, type Type } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';

import { markKnown, prefixOf, webhooksOf, type Webhook } from '../decorators/index.js';
import { blaming } from './blame.js';
import { assertNotReplaced, prototypesOf } from './lost-handlers.js';
import { joinPath } from './path.js';

/** Nest's record of a provider or controller. */
export type Wrapper = ReturnType<DiscoveryService['getProviders']>[number];

/** Place of a handler. */
interface Place {
  /** For messages: `OrderHandlers.onStatus (OrdersModule)`. */
  readonly where: string;
  readonly type: Type<object>;
  readonly methodName: string;
  readonly method: (this: unknown, ...args: unknown[]) => unknown;
  readonly wrapper: Wrapper;
}

/** Method that handles a path, in canonical form. */
export type FoundHandler = Place & Webhook;

/** Finds the methods of an application's providers and controllers that have `@OnWebhook` or `@OnWebhookBatch`. */
@Injectable()
export class HandlerExplorer {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
  ) {}

  /** @throws {ConfigError} for an invalid path or a replaced method; names it */
  explore(): FoundHandler[] {
    const wrappers = distinct(this.wrappers());
    // Recorded even if the start fails: other applications of the process must not report these classes.
    for (const each of this.wrappers()) prototypesOf(each.instance).forEach(markKnown);
    for (const each of wrappers) assertNotReplaced(each.instance);
    return wrappers.flatMap((wrapper) => this.handlersOf(wrapper));
  }

  /** Returns the application's providers and controllers, each once. */
  instances(): unknown[] {
    return distinct(this.wrappers()).map(({ instance }): unknown => instance);
  }

  private wrappers(): Wrapper[] {
    return [...this.discovery.getProviders(), ...this.discovery.getControllers()];
  }

  private handlersOf(wrapper: Wrapper): FoundHandler[] {
    // For a request-scoped class, this is an object created from its prototype.
    const instance: unknown = wrapper.instance;
    if (typeof instance !== 'object' || instance === null) return [];
    const prototype = Object.getPrototypeOf(instance) as object | null;
    return this.scanner.getAllMethodNames(prototype).flatMap((methodName) => {
      const method = Reflect.get(prototype as object, methodName) as FoundHandler['method'];
      return webhooksOf(method).map((webhook) =>
        found(wrapper, classOf(wrapper, instance), methodName, method, webhook),
      );
    });
  }
}

/** Removes duplicates: one instance may be provided under several tokens. */
function distinct(wrappers: readonly Wrapper[]): Wrapper[] {
  const byInstance = new Map<unknown, Wrapper>();
  for (const wrapper of wrappers) {
    const { instance } = wrapper as { readonly instance: unknown };
    const known = byInstance.get(instance);
    // Prefer the provider that Nest created from the class: it knows the bound enhancers.
    if (!wrapper.isAlias && (known === undefined || known.isNotMetatype)) {
      byInstance.set(instance, wrapper);
    }
  }
  return [...byInstance.values()];
}

function classOf(wrapper: Wrapper, instance: object): Type<object> {
  return (wrapper.isNotMetatype ? instance.constructor : wrapper.metatype) as Type<object>;
}

function found(
  wrapper: Wrapper,
  type: Type<object>,
  methodName: string,
  method: FoundHandler['method'],
  webhook: Webhook,
): FoundHandler {
  const where = `${type.name}.${methodName} (${wrapper.host?.name ?? 'no module'})`;
  try {
    const path = joinPath(prefixOf(type), webhook.path);
    return { ...webhook, path, where, type, methodName, method, wrapper };
  } catch (error) {
    throw blaming(where, error);
  }
}
