import type { Wrapper } from '../discovery/index.js';
import { HostPerDelivery, sharedHost, type Given, type Host } from './host.js';

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
  const shared = sharedHost(wrapper);
  if (shared !== undefined) return deliverTo(shared);
  const hosts = new HostPerDelivery(wrapper);
  return async (given) => deliverTo(await hosts.instantiate(given))(given);
}
