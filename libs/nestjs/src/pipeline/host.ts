import type { WebhookDelivery } from '@leanmq/core';
import { ContextIdFactory, ModuleRef, type ContextId } from '@nestjs/core';

import type { Wrapper } from '../discovery/index.js';

/** Instance of a handler's class, with its request unless it is a singleton. */
export interface Host {
  readonly instance: object;
  readonly contextId?: ContextId;
}

/** Delivery, or batch of deliveries. */
export type Given = WebhookDelivery | readonly WebhookDelivery[];

/** Returns the host that all deliveries share; undefined if each has its own. */
export function sharedHost(wrapper: Wrapper): Host | undefined {
  const isShared = wrapper.isDependencyTreeStatic() && !wrapper.isTransient;
  return isShared ? { instance: wrapper.instance as object } : undefined;
}

/**
 * Creates an instance of a handler's class, with its dependencies, for each delivery or batch. Used for classes that are
 * request-scoped or transient, directly or through a dependency. `REQUEST` injects the delivery, or the list of deliveries.
 */
export class HostPerDelivery {
  private readonly moduleRef: ModuleRef;

  constructor(private readonly wrapper: Wrapper) {
    this.moduleRef = wrapper.host?.providers.get(ModuleRef)?.instance as ModuleRef;
  }

  async instantiate(given: Given): Promise<Host> {
    // Not simply a new id: the application's strategy decides how durable providers are shared.
    const contextId = ContextIdFactory.getByRequest(given);
    // A shared provider must not get the first delivery as its `REQUEST`; early versions of Nest 11 do not prevent it.
    const isDurable = this.wrapper.isDependencyTreeDurable();
    this.moduleRef.registerRequestByContextId(isDurable ? contextId.payload : given, contextId);
    const instance = await this.moduleRef.resolve<object>(this.wrapper.token, contextId, {
      strict: true,
    });
    return { instance, contextId };
  }
}
