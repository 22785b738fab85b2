import type { Redis } from 'ioredis';

import {
  createGroups,
  type RegisterReason,
  type Registry,
  type StartFrom,
} from '../redis/index.js';
import type { Subscription } from './subscription.js';

/**
 * Makes sure that the group of these subscriptions exists wherever it may.
 *
 * @returns those where it may not: a person has deleted the route, or removed the group from it
 */
export async function ensureGroups(
  client: Redis,
  registry: Registry,
  subscriptions: readonly Subscription[],
  startFrom: StartFrom,
  how: RegisterReason = 'start',
): Promise<Subscription[]> {
  const [first] = subscriptions;
  if (first === undefined) return [];
  const { group } = first;
  const allowed = await createGroups(client, registry, subscriptions, group, startFrom, how);
  return subscriptions.filter(({ path }) => !allowed.includes(path));
}
