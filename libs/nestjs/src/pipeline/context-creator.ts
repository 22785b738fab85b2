import type { ApplicationConfig, ExternalContextCreator } from '@nestjs/core';

import type { FoundHandler } from '../discovery/index.js';

import { areUntouched, argumentsFactory, argumentsOf, itemTypes } from './arguments.js';
import { lastValue, standIn, type Method } from './callback.js';
import { CONTEXT_TYPE } from './context.js';
import { partsOf } from './creator-parts.js';
import type { Host } from './host.js';

export type Run = (...args: unknown[]) => Promise<unknown>;

/** Nest's pipeline around the method of one handler, in parts. */
export class ContextCreator {
  private readonly creator: ExternalContextCreator;

  constructor(
    external: ExternalContextCreator,
    private readonly config: ApplicationConfig,
    private readonly handler: FoundHandler,
  ) {
    const moduleKey = handler.wrapper.host?.token ?? '';
    // By itself it looks for the module among those that have the class as a provider, so it finds none for a
    // controller, and without a module it leaves out whatever is bound as a class.
    this.creator = derived(external, {
      getContextModuleKey: () => moduleKey,
      // It is returned by an async function, for which anything will do.
      transformToResult: lastValue as ExternalContextCreator['transformToResult'],
    });
  }

  /** Interceptors and pipes around `callback`. */
  around(callback: Method, host: Host): Run {
    const parts = { interceptors: true, filters: false };
    // Nest then hands on what it is called with, which saves half a dozen promises for each message.
    if (areUntouched(this.handler, this.config)) {
      return create(withoutArguments(this.creator), this.handler, callback, host, parts);
    }
    return create(this.withArguments(host), this.handler, callback, host, parts);
  }

  /** Interceptors around `callback`, which finds its arguments by itself. */
  aroundBatch(callback: Method, host: Host): Run {
    const parts = { interceptors: true, filters: false };
    return create(withoutArguments(this.creator), this.handler, callback, host, parts);
  }

  /** What the method's parameters get of one message of a batch, with their pipes. */
  argumentsOf(host: Host): Run {
    const { handler } = this;
    const collect = standIn(handler.method, (...args) => args);
    const parts = { interceptors: false, filters: false };
    return create(this.withArguments(host), handler, collect, host, parts);
  }

  /** Exception filters around `callback`, which is called without arguments. */
  filtering(callback: Method, host: Host): Run {
    const parts = { interceptors: false, filters: true };
    return create(withoutArguments(this.creator), this.handler, callback, host, parts);
  }

  /**
   * Describes the parameters of the class that declares the method. Nest itself goes by the instance's class and keeps what
   * it found under the names of class and method, so that another handler of these names would get its parameters.
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

/** Which parts of the pipeline are wanted. Guards are asked apart from it. */
interface Parts {
  readonly interceptors: boolean;
  readonly filters: boolean;
}

function withoutArguments(creator: ExternalContextCreator): ExternalContextCreator {
  return derived(creator, {
    getMetadata: () => ({ argsLength: 0, paramtypes: [], getParamsMetadata: () => [] }),
  });
}

/** The same creator but for some of its methods; it belongs to all of the application, so that it is left as it is. */
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
