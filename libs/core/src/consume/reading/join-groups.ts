import type { Redis } from 'ioredis';

import {
  createGroups,
  type RegisterReason,
  type Registry,
  type StartFrom,
} from '../../redis/index.js';
import type { ConsumerContext } from '../route/context.js';
import type { Subscription } from '../route/subscription.js';

/**
 * Pause before a missing group is created again. A server that has just lost its data may lose it again, which must not
 * become a busy loop; and a removal deletes the group's data first, then its registry entry.
 */
export const REGROUP_PAUSE_MS = 50;

/**
 * Joins the group of these subscriptions. Where this process has not joined yet, the group starts as the options say.
 * Where it has, the group got lost: it is created again from the oldest message on, because `$` would skip messages,
 * and only if nobody has removed it.
 *
 * @returns the subscriptions whose group must not exist
 */
export async function joinGroups(
  client: Redis,
  { registry, options, joined }: ConsumerContext,
  subscriptions: readonly Subscription[],
): Promise<Subscription[]> {
  const missed = subscriptions.filter(({ path }) => joined.has(path));
  const fresh = subscriptions.filter(({ path }) => !joined.has(path));
  const barred = await ensureGroups(client, registry, missed, 'earliest', 'again');
  barred.push(...(await ensureGroups(client, registry, fresh, options.startFrom, 'start')));
  for (const { path } of fresh) joined.add(path);
  return barred;
}

/**
 * Makes sure that the group of these subscriptions exists wherever it may.
 *
 * @returns the others: somebody has deleted the route, or removed the group from it
 */
export async function ensureGroups(
  client: Redis,
  registry: Registry,
  subscriptions: readonly Subscription[],
  startFrom: StartFrom,
  how: RegisterReason,
): Promise<Subscription[]> {
  const [first] = subscriptions;
  if (first === undefined) return [];
  const { group } = first;
  const allowed = await createGroups(client, registry, subscriptions, group, startFrom, how);
  return subscriptions.filter(({ path }) => !allowed.includes(path));
}
