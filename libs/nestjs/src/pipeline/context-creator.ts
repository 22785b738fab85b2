import type { ContextId, ExternalContextCreator, ParamsFactory } from '@nestjs/core';

import type { FoundHandler } from '../discovery/index.js';
import { argumentsFactory, argumentsKey } from './arguments.js';
import { lastValue, type Method } from './callback.js';
import { CONTEXT_TYPE, type LeanMQArguments } from './context.js';

export type Run = (...args: LeanMQArguments) => Promise<unknown>;

/** An instance of a handler's class, and the request that it lives in unless it is there for all. */
export interface Host {
  readonly instance: object;
  readonly contextId?: ContextId;
}

/** Nest's pipeline around the method of one handler, in two parts. */
export class ContextCreator {
  private readonly creator: ExternalContextCreator;
  private readonly argumentsKey: string;

  constructor(
    external: ExternalContextCreator,
    private readonly handler: FoundHandler,
  ) {
    const moduleKey = handler.wrapper.host?.token ?? '';
    // By itself it looks for the module among those that have the class as a provider, so it finds none for a
    // controller, and without a module it leaves out whatever is bound as a class.
    this.creator = derived(external, {
      getContextModuleKey: () => moduleKey,
      transformToResult: lastValue,
    });
    this.argumentsKey = argumentsKey(handler.type, handler.methodName);
  }

  /** Guards, interceptors and pipes around `callback`. */
  around(callback: Method, host: Host): Run {
    const parts = { guards: true, interceptors: true, filters: false };
    return create(
      this.creator,
      this.handler,
      callback,
      host,
      parts,
      this.argumentsKey,
      argumentsFactory,
    );
  }

  /** Exception filters around `callback`, which is called without arguments. */
  filtering(callback: Method, host: Host): Run {
    const parts = { guards: false, interceptors: false, filters: true };
    const creator = derived(this.creator, {
      getMetadata: () => ({ argsLength: 0, paramtypes: [], getParamsMetadata: () => [] }),
    });
    return create(creator, this.handler, callback, host, parts);
  }
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
  parts: { readonly guards: boolean; readonly interceptors: boolean; readonly filters: boolean },
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
