import type { ApplicationConfig, ExternalContextCreator } from '@nestjs/core';

import type { FoundHandler } from '../discovery/index.js';

import { areUntouched, argumentsFactory, argumentsOf, itemTypes } from './arguments.js';
import { lastValue, standIn, type Method } from './callback.js';
import { CONTEXT_TYPE } from './context.js';
import { partsOf } from './creator-parts.js';
import type { Host } from './host.js';

export type Run = (...args: unknown[]) => Promise<unknown>;

/** Builds the parts of Nest's pipeline around the method of one handler. */
export class ContextCreator {
  private readonly creator: ExternalContextCreator;

  constructor(
    external: ExternalContextCreator,
    private readonly config: ApplicationConfig,
    private readonly handler: FoundHandler,
  ) {
    const moduleKey = handler.wrapper.host?.token ?? '';
    // Nest looks for the module among those that provide the class, so it finds none for a controller; without a
    // module it ignores enhancers that are bound as classes.
    this.creator = derived(external, {
      getContextModuleKey: () => moduleKey,
      // An async function returns it, so any value will do.
      transformToResult: lastValue as ExternalContextCreator['transformToResult'],
    });
  }

  /** Returns `callback` with interceptors and pipes around it. */
  around(callback: Method, host: Host): Run {
    const parts = { interceptors: true, filters: false };
    // Nest then passes its arguments on, which saves half a dozen promises per message.
    if (areUntouched(this.handler, this.config)) {
      return create(withoutArguments(this.creator), this.handler, callback, host, parts);
    }
    return create(this.withArguments(host), this.handler, callback, host, parts);
  }

  /** Returns `callback` with interceptors around it; `callback` finds its own arguments. */
  aroundBatch(callback: Method, host: Host): Run {
    const parts = { interceptors: true, filters: false };
    return create(withoutArguments(this.creator), this.handler, callback, host, parts);
  }

  /** Returns the arguments for one message of a batch, after their pipes. */
  argumentsOf(host: Host): Run {
    const { handler } = this;
    const collect = standIn(handler.method, (...args) => args);
    const parts = { interceptors: false, filters: false };
    return create(this.withArguments(host), handler, collect, host, parts);
  }

  /** Returns `callback` with exception filters around it; it is called without arguments. */
  filtering(callback: Method, host: Host): Run {
    const parts = { interceptors: false, filters: true };
    return create(withoutArguments(this.creator), this.handler, callback, host, parts);
  }

  /**
   * Describes the parameters from the class that declares the method. Nest itself uses the instance's class and caches by the
   * names of class and method, so another handler with these names would get the same parameters.
   */
  private withArguments({ instance }: Host): ExternalContextCreator {
    const { creator, handler } = this;
    const described = argumentsOf(handler);
    const keys = Object.keys(described);
    const argsLength = Math.max(...Object.values(described).map(({ index }) => index)) + 1;
    const paramtypes = itemTypes(handler);
    const { contextUtils } = partsOf(creator);
    const contextFactory = contextUtils.getContextFactory(CONTEXT_TYPE, instance, handler.method);
    return derived(creator, {
      getMetadata: () => ({
        argsLength,
        paramtypes,
        getParamsMetadata: (moduleKey, contextId, inquirerId) =>
          creator.exchangeKeysForValues(
            keys,
            described,
            moduleKey,
            argumentsFactory,
            contextId,
            inquirerId,
            contextFactory,
          ),
      }),
    });
  }
}

/** Parts of the pipeline to build. Guards are called separately. */
interface Parts {
  readonly interceptors: boolean;
  readonly filters: boolean;
}

function withoutArguments(creator: ExternalContextCreator): ExternalContextCreator {
  return derived(creator, {
    getMetadata: () => ({ argsLength: 0, paramtypes: [], getParamsMetadata: () => [] }),
  });
}

/** Returns a copy of the creator with some methods replaced; the original belongs to the whole application. */
function derived(
  creator: ExternalContextCreator,
  methods: Partial<ExternalContextCreator>,
): ExternalContextCreator {
  return Object.assign(Object.create(creator) as ExternalContextCreator, methods);
}

function create(
  creator: ExternalContextCreator,
  { wrapper, methodName }: FoundHandler,
  callback: Method,
  { instance, contextId }: Host,
  parts: Parts,
): Run {
  return creator.create<never, string>(
    instance,
    callback,
    methodName,
    undefined,
    undefined,
    contextId,
    wrapper.id,
    { ...parts, guards: false },
    CONTEXT_TYPE,
  );
}
