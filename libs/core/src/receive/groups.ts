import type { Redis } from 'ioredis';

import { replyOf, type Keys } from '../redis/index.js';
import type { Subscription } from './subscription.js';

/**
 * Makes sure that the routes and the group are registered and that the group exists on their streams. Harmless when
 * repeated, and safe to stop anywhere: the registry comes first, so that nothing exists that it does not know.
 *
 * @param startFrom where a group begins that is new on its route
 * @param seenAt epoch ms, the server's clock
 */
export async function ensureGroups(
  client: Redis,
  keys: Keys,
  subscriptions: readonly Subscription[],
  startFrom: 'earliest' | 'latest',
  seenAt: number,
): Promise<void> {
  if (subscriptions.length === 0) return;
  const known: string[] = [];
  for (const { path, group } of subscriptions) {
    known.push(`group:${group}:${path}`, seenAt.toFixed());
    await client.hsetnx(keys.registry, `route:${path}`, '{}');
  }
  await client.hset(keys.registry, ...known);
  const from = startFrom === 'earliest' ? '0' : '$';
  await Promise.all(
    subscriptions.flatMap((subscription) => [
      createGroup(client, subscription.keys.log, subscription.group, from),
      // Whatever is in an inbox was put there for this group.
      createGroup(client, subscription.streamOf('inbox'), subscription.group, '0'),
    ]),
  );
}

async function createGroup(
  client: Redis,
  stream: string,
  group: string,
  from: string,
): Promise<void> {
  try {
    await client.xgroup('CREATE', stream, group, from, 'MKSTREAM');
  } catch (error) {
    if (replyOf(error)?.startsWith('BUSYGROUP') !== true) throw error;
  }
}
