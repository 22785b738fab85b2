import type { Redis } from 'ioredis';

import type { RouteKeys } from './keys.js';
import { createGroupScript } from './registry-scripts.js';
import type { RegisterReason, Registry } from './registry.js';

/** Start of a group that is new on its route; `at` is epoch ms by the server's clock. */
export type StartFrom = 'earliest' | 'latest' | { readonly at: number };

/** Names a route and its keys. */
export interface RouteRef {
  readonly path: string;
  readonly keys: RouteKeys;
  /** True when the group keeps expired messages as dead letters; undefined leaves the setting unchanged. */
  readonly keepsExpired?: boolean;
}

/**
 * Registers the routes and the group, and creates the group on their streams. Harmless when repeated, and safe to
 * interrupt: the registry is written first, so nothing exists that it does not know.
 *
 * @returns the paths on which the group exists; it is not created again where an operator deleted or removed it
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

/** Returns the id after which a group starts. */
function idBefore(startFrom: StartFrom): string {
  if (startFrom === 'earliest') return '0';
  if (startFrom === 'latest') return '$';
  return startFrom.at < 1 ? '0' : `${Math.floor(startFrom.at) - 1}-18446744073709551615`;
}
