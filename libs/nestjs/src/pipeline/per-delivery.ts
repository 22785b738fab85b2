import type { WebhookDelivery } from '@leanmq/core';
import { ContextIdFactory, ModuleRef, type ContextId } from '@nestjs/core';

import type { Wrapper } from '../discovery/index.js';

/** The instance that is there for all deliveries; undefined if there is none. */
export function sharedInstance(wrapper: Wrapper): object | undefined {
  const isShared = wrapper.isDependencyTreeStatic() && !wrapper.isTransient;
  return isShared ? (wrapper.instance as object) : undefined;
}

/**
 * Makes a new instance of a handler's class for each delivery, or each batch of them, with everything that it depends on,
 * for classes that are request-scoped or transient, or depend on what is. `REQUEST` injects the delivery, or the list of
 * them.
 */
export class PerDelivery {
  private readonly moduleRef: ModuleRef;

  constructor(private readonly wrapper: Wrapper) {
    this.moduleRef = wrapper.host?.providers.get(ModuleRef)?.instance as ModuleRef;
  }

  async instantiate(
    delivery: WebhookDelivery | readonly WebhookDelivery[],
  ): Promise<{ readonly instance: object; readonly contextId: ContextId }> {
    // Not simply a new id: durable providers are shared by the strategy that the application chose.
    const contextId = ContextIdFactory.getByRequest(delivery);
    // What is shared must not get the first delivery as its `REQUEST`; the first versions of Nest 11 leave that to us.
    const isDurable = this.wrapper.isDependencyTreeDurable();
    this.moduleRef.registerRequestByContextId(isDurable ? contextId.payload : delivery, contextId);
    const instance = await this.moduleRef.resolve<object>(this.wrapper.token, contextId, {
      strict: true,
    });
    return { instance, contextId };
  }
}
