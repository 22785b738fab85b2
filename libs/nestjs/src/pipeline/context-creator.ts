import type {
  ApplicationConfig,
  ContextId,
  ExternalContextCreator,
  ParamsFactory,
} from '@nestjs/core';

import type { FoundHandler } from '../discovery/index.js';
import type { Type } from '@nestjs/common';

import { areUntouched, argumentsFactory, argumentsKey, itemTypes } from './arguments.js';
import { lastValue, standIn, type Method } from './callback.js';
import { CONTEXT_TYPE } from './context.js';

export type Run = (...args: unknown[]) => Promise<unknown>;

/** An instance of a handler's class, and the request that it lives in unless it is there for all. */
export interface Host {
  readonly instance: object;
  readonly contextId?: ContextId;
}

/** Nest's pipeline around the method of one handler, in parts. */
export class ContextCreator {
  private readonly creator: ExternalContextCreator;
  private readonly argumentsKey: string;

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
    this.argumentsKey = argumentsKey(handler.type, handler.methodName);
  }

  /** Guards, interceptors and pipes around `callback`. */
  around(callback: Method, host: Host): Run {
    const parts = { guards: true, interceptors: true, filters: false };
    // Nest then hands on what it is called with, which saves half a dozen promises for each message.
    if (areUntouched(this.handler, this.config)) {
      return create(this.creator, this.handler, callback, host, parts);
    }
    return this.withArguments(this.creator, callback, host, parts);
  }

  /** Guards and interceptors around `callback`, which finds its arguments by itself. */
  aroundBatch(callback: Method, host: Host): Run {
    const parts = { guards: true, interceptors: true, filters: false };
    return create(withoutArguments(this.creator), this.handler, callback, host, parts);
  }

  /**
   * What the method's parameters get of one message of a batch, with their pipes.
   *
   * @param payload the class of a payload, which the type of the list does not say
   */
  argumentsOf(host: Host, payload: Type<unknown> | undefined): Run {
    const { creator, handler } = this;
    const parts = { guards: false, interceptors: false, filters: false };
    const forItems = derived(creator, {
      getMetadata: (...args) => {
        const metadata = creator.getMetadata(...args);
        return { ...metadata, paramtypes: itemTypes(handler, metadata.paramtypes, payload) };
      },
    });
    const collect = standIn(handler.method, (...args) => args);
    return this.withArguments(forItems, collect, host, parts);
  }

  /** Exception filters around `callback`, which is called without arguments. */
  filtering(callback: Method, host: Host): Run {
    const parts = { guards: false, interceptors: false, filters: true };
    return create(withoutArguments(this.creator), this.handler, callback, host, parts);
  }

  private withArguments(
    creator: ExternalContextCreator,
    callback: Method,
    host: Host,
    parts: Parts,
  ): Run {
    const { handler } = this;
    return create(creator, handler, callback, host, parts, this.argumentsKey, argumentsFactory);
  }
}

/** Which parts of the pipeline are wanted. */
interface Parts {
  readonly guards: boolean;
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
  metadataKey?: string,
  factory?: ParamsFactory,
): Run {
  return creator.create<never, string>(
    instance,
    callback,
    methodName,
    metadataKey,
    factory,
    contextId,
    wrapper.id,
    parts,
    CONTEXT_TYPE,
  );
}
