import type { Redis } from 'ioredis';

import type { Registry } from '../redis/index.js';
import type { Batch } from './batch.js';
import type { Unheard } from './unheard.js';

/** Number of paths beyond which all are forgotten; each is registered again when it is used. */
const MOST_REGISTERED = 10_000;

/** Routes known to the publisher. */
export interface KnownRoutes {
  readonly registry: Registry;
  /** Paths that are in the registry. */
  readonly registered: Set<string>;
  readonly unheard: Unheard;
}

/** Adds the routes of a batch to the registry. A transaction may send to other paths than its lane's. */
export function register(
  batch: Batch,
  client: Redis,
  { registered, registry, unheard }: KnownRoutes,
): void {
  for (const { sends } of batch.units) {
    for (const { path } of sends) {
      if (registered.has(path)) continue;
      if (registered.size >= MOST_REGISTERED) registered.clear();
      registered.add(path);
      unheard.sent(path);
      registry.addRoute(client, path).catch(() => registered.delete(path));
    }
  }
}
