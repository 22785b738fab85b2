import type { Redis } from 'ioredis';

import type { Registry } from '../redis/index.js';
import type { Batch } from './batch.js';

/** Puts the routes of a batch into the registry; a transaction may be the first to send to others than its lane's own. */
export function register(
  batch: Batch,
  client: Redis,
  { registered, registry }: { readonly registered: Set<string>; readonly registry: Registry },
): void {
  for (const { sends } of batch.units) {
    for (const { path } of sends) {
      if (registered.has(path)) continue;
      registered.add(path);
      registry.addRoute(client, path).catch(() => registered.delete(path));
    }
  }
}
