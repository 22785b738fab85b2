import type { WebhookDelivery } from '@leanmq/core';
import { ContextIdFactory, ModuleRef, type ContextId } from '@nestjs/core';

import type { Wrapper } from '../discovery/index.js';

/** An instance of a handler's class, and the request that it lives in unless it is there for all. */
export interface Host {
  readonly instance: object;
  readonly contextId?: ContextId;
}

/** One delivery, or a batch of them. */
export type Given = WebhookDelivery | readonly WebhookDelivery[];

/** The host that all deliveries share; undefined if each has its own. */
export function sharedHost(wrapper: Wrapper): Host | undefined {
  const isShared = wrapper.isDependencyTreeStatic() && !wrapper.isTransient;
  return isShared ? { instance: wrapper.instance as object } : undefined;
}

/**
 * Makes a new instance of a handler's class for each delivery, or each batch of them, with everything that it depends on,
 * for classes that are request-scoped or transient, or depend on what is. `REQUEST` injects the delivery, or the list of
 * them.
 */
export class HostPerDelivery {
  private readonly moduleRef: ModuleRef;

  constructor(private readonly wrapper: Wrapper) {
    this.moduleRef = wrapper.host?.providers.get(ModuleRef)?.instance as ModuleRef;
  }

  async instantiate(given: Given): Promise<Host> {
    // Not simply a new id: durable providers are shared by the strategy that the application chose.
    const contextId = ContextIdFactory.getByRequest(given);
    // What is shared must not get the first delivery as its `REQUEST`; the first versions of Nest 11 leave that to us.
    const isDurable = this.wrapper.isDependencyTreeDurable();
    this.moduleRef.registerRequestByContextId(isDurable ? contextId.payload : given, contextId);
    const instance = await this.moduleRef.resolve<object>(this.wrapper.token, contextId, {
      strict: true,
    });
    return { instance, contextId };
  }
}
