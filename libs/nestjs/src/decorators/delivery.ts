import { DELIVERY } from './nest-metadata.js';
import { assertCalled } from './method-target.js';
import { deliveryArgument, describeArgument } from './arguments.js';

/** Injects the `WebhookDelivery` into a handler's parameter: id, headers, attempt, abort signal and so on. */
export function Delivery(): ParameterDecorator;
export function Delivery(...given: unknown[]): ParameterDecorator {
  assertCalled('@Delivery', given);
  return (target, method, index) => {
    describeArgument(target, method, DELIVERY, deliveryArgument(index));
  };
}
