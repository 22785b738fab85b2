import type { Redis } from 'ioredis';

import { replyOf, type Registry } from '../redis/index.js';
import type { StartFrom } from './options.js';
import type { Subscription } from './subscription.js';

/**
 * Makes sure that the routes and the group are registered and that the group exists on their streams. Harmless when
 * repeated, and safe to stop anywhere: the registry comes first, so that nothing exists that it does not know.
 */
export async function ensureGroups(
  client: Redis,
  registry: Registry,
  subscriptions: readonly Subscription[],
  startFrom: StartFrom,
): Promise<void> {
  const [first] = subscriptions;
  if (first === undefined) return;
  const paths = subscriptions.map(({ path }) => path);
  await registry.addGroups(client, paths, first.group);
  const from = idBefore(startFrom);
  await Promise.all(
    subscriptions.flatMap((subscription) => [
      createGroup(client, subscription.keys.log, subscription.group, from),
      // Whatever is in an inbox was put there for this group.
      createGroup(client, subscription.streamOf('inbox'), subscription.group, '0'),
    ]),
  );
}

/** The id after which a group begins. */
function idBefore(startFrom: StartFrom): string {
  if (startFrom === 'earliest') return '0';
  if (startFrom === 'latest') return '$';
  return startFrom.at < 1 ? '0' : `${Math.floor(startFrom.at) - 1}-18446744073709551615`;
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
