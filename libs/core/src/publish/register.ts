import type { Redis } from 'ioredis';

import type { Registry } from '../redis/index.js';
import type { Batch } from './batch.js';
import type { Unheard } from './unheard.js';

/** Paths beyond which all are forgotten, and registered again when they are used. */
const MOST_REGISTERED = 10_000;

/** What the publisher knows of routes. */
export interface KnownRoutes {
  readonly registry: Registry;
  /** Paths that the registry knows of. */
  readonly registered: Set<string>;
  readonly unheard: Unheard;
}

/** Puts the routes of a batch into the registry; a transaction may be the first to send to others than its lane's own. */
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
