import type { WebhookDelivery } from '@leanmq/core';
import { ContextIdFactory, ModuleRef } from '@nestjs/core';

import type { Wrapper } from '../discovery/index.js';
import type { Host } from './context-creator.js';

/** One delivery, or a batch of them. */
type Given = WebhookDelivery | readonly WebhookDelivery[];

/**
 * Delivers to the instance of a handler's class that is there for all deliveries, or where there is none to a new one for
 * each.
 *
 * @param deliverTo makes what delivers to an instance; called once where all deliveries share theirs
 */
export function onInstance<Delivered extends Given, Result>(
  wrapper: Wrapper,
  deliverTo: (host: Host) => (given: Delivered) => Promise<Result>,
): (given: Delivered) => Promise<Result> {
  const isShared = wrapper.isDependencyTreeStatic() && !wrapper.isTransient;
  if (isShared) return deliverTo({ instance: wrapper.instance as object });
  const perDelivery = new PerDelivery(wrapper);
  return async (given) => deliverTo(await perDelivery.instantiate(given))(given);
}

/**
 * Makes a new instance of a handler's class for each delivery, or each batch of them, with everything that it depends on,
 * for classes that are request-scoped or transient, or depend on what is. `REQUEST` injects the delivery, or the list of
 * them.
 */
class PerDelivery {
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
