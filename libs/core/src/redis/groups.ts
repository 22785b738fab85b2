import type { Redis } from 'ioredis';

import type { RouteKeys } from './keys.js';
import { createGroupScript } from './registry-scripts.js';
import type { RegisterReason, Registry } from './registry.js';

/** Where a group begins that is new on its route: an instant is epoch ms, the server's clock. */
export type StartFrom = 'earliest' | 'latest' | { readonly at: number };

/** Names a route and its keys. */
export interface RouteRef {
  readonly path: string;
  readonly keys: RouteKeys;
  /** Whether the group wants what expires as dead letters; undefined leaves that as it is. */
  readonly keepsExpired?: boolean;
}

/**
 * Makes sure that the routes and the group are registered and that the group exists on their streams. Harmless when
 * repeated, and safe to stop anywhere: the registry comes first, so that nothing exists that it does not know.
 *
 * @returns the paths on which it exists; it is not created again where a person has deleted or removed it
 */
export async function createGroups(
  client: Redis,
  registry: Registry,
  routes: readonly RouteRef[],
  group: string,
  startFrom: StartFrom,
  how: RegisterReason,
): Promise<string[]> {
  const paths = routes.map(({ path }) => path);
  const allowed = await registry.addGroups(client, paths, group, how);
  const from = idBefore(startFrom);
  await Promise.all(
    routes
      .filter(({ path }) => allowed.includes(path))
      .map(({ keys, keepsExpired }) =>
        createGroupScript.run(
          client,
          { log: keys.log, inbox: keys.inbox(group), keepers: keys.keepers },
          { group, from, keepsExpired: wordOf(keepsExpired) },
        ),
      ),
  );
  return allowed;
}

function wordOf(wish: boolean | undefined): 'yes' | 'no' | '' {
  if (wish === undefined) return '';
  return wish ? 'yes' : 'no';
}

/** The id after which a group begins. */
function idBefore(startFrom: StartFrom): string {
  if (startFrom === 'earliest') return '0';
  if (startFrom === 'latest') return '$';
  return startFrom.at < 1 ? '0' : `${Math.floor(startFrom.at) - 1}-18446744073709551615`;
}
