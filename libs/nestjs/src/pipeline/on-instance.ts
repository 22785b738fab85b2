import type { Wrapper } from '../discovery/index.js';
import { HostPerDelivery, sharedHost, type Given, type Host } from './host.js';

/**
 * Delivers to the shared instance of a handler's class, or to a new instance for each delivery.
 *
 * @param deliverTo creates the function that delivers to an instance; called once if all deliveries share it
 */
export function onInstance<Delivered extends Given, Result>(
  wrapper: Wrapper,
  deliverTo: (host: Host) => (given: Delivered) => Promise<Result>,
): (given: Delivered) => Promise<Result> {
  const shared = sharedHost(wrapper);
  if (shared !== undefined) return deliverTo(shared);
  const hosts = new HostPerDelivery(wrapper);
  return async (given) => deliverTo(await hosts.instantiate(given))(given);
}
