import { Injectable, type Type } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';

import { markKnown, prefixOf, webhooksOf, type Webhook } from '../decorators/index.js';
import { blaming } from './blame.js';
import { assertNotReplaced, prototypesOf } from './lost-handlers.js';
import { joinPath } from './path.js';

/** What Nest knows of a provider or controller. */
export type Wrapper = ReturnType<DiscoveryService['getProviders']>[number];

/** Where a handler is. */
interface Place {
  /** `OrderHandlers.onStatus (OrdersModule)`, for messages to people. */
  readonly where: string;
  readonly type: Type<object>;
  readonly methodName: string;
  readonly method: (this: unknown, ...args: unknown[]) => unknown;
  readonly wrapper: Wrapper;
}

/** A method that handles a path, which is in its canonical form. */
export type FoundHandler = Place & Webhook;

/** Finds the methods of an application's providers and controllers that have `@OnWebhook` or `@OnWebhookBatch`. */
@Injectable()
export class HandlerExplorer {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
  ) {}

  /** @throws {ConfigError} for a path that is none, or a method that is lost; names it */
  explore(): FoundHandler[] {
    const wrappers = distinct(this.wrappers());
    // Also if the start fails: what this application provides, no other one of the process misses.
    for (const each of this.wrappers()) prototypesOf(each.instance).forEach(markKnown);
    for (const each of wrappers) assertNotReplaced(each.instance);
    return wrappers.flatMap((wrapper) => this.handlersOf(wrapper));
  }

  /** What the application provides, once each. */
  instances(): unknown[] {
    return distinct(this.wrappers()).map(({ instance }): unknown => instance);
  }

  private wrappers(): Wrapper[] {
    return [...this.discovery.getProviders(), ...this.discovery.getControllers()];
  }

  private handlersOf(wrapper: Wrapper): FoundHandler[] {
    // Of a class that is instantiated for each request, this is an object made of its prototype.
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

/** The same instance may be there under several tokens; its methods are handlers once. */
function distinct(wrappers: readonly Wrapper[]): Wrapper[] {
  const byInstance = new Map<unknown, Wrapper>();
  for (const wrapper of wrappers) {
    const { instance } = wrapper as { readonly instance: unknown };
    const known = byInstance.get(instance);
    // The one that Nest made from its class knows what is bound to it.
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
