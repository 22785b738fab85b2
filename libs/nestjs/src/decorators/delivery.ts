import { DELIVERY } from '../nest-metadata.js';
import { deliveryArgument, describeArgument } from './arguments.js';

/** Gives the `WebhookDelivery` to a parameter of a handler: id, headers, attempt, abort signal and so on. */
export function Delivery(): ParameterDecorator {
  return (target, method, index) => {
    describeArgument(target, method, DELIVERY, deliveryArgument(index));
  };
}
