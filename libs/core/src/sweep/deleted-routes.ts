import { performance } from 'node:perf_hooks';

import type { Connection, Keys, RegisteredRoute } from '../redis/index.js';

// By this time after a deletion, all that existed then is gone; messages found later were published since.
const LOOK_AFTER_MS = 1_000;

interface Tombstone {
  readonly deletedAt: number;
  /** Earliest time of the examination, monotonic ms. */
  readonly lookAt: number;
}

/**
 * Deleted routes to be checked for messages from publishers that had not yet learned of the deletion. Such a message
 * revives its route, even when its publisher is gone.
 */
export class DeletedRoutes {
  private readonly paths = new Map<string, Tombstone>();

  constructor(
    private readonly connection: Connection,
    private readonly keys: Keys,
    private readonly revive: (path: string) => Promise<void>,
  ) {}

  /**
   * Takes a change of the registry.
   *
   * @returns the delay in ms before each newly deleted route must be examined, by path
   */
  onRegistry(routes: readonly RegisteredRoute[]): Map<string, number> {
    const fresh = new Map<string, number>();
    const before = new Map(this.paths);
    this.paths.clear();
    for (const { path, deletedAt } of routes) {
      if (deletedAt === undefined) continue;
      const known = before.get(path);
      if (known?.deletedAt === deletedAt) {
        this.paths.set(path, known);
      } else {
        this.paths.set(path, { deletedAt, lookAt: performance.now() + LOOK_AFTER_MS });
        fresh.set(path, LOOK_AFTER_MS);
      }
    }
    return fresh;
  }

  /** Revives the routes among `paths` that hold messages. */
  async look(paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      const tombstone = this.paths.get(path);
      if (tombstone === undefined || performance.now() < tombstone.lookAt) continue;
      const { log, schedule } = this.keys.route(path);
      const { client } = this.connection;
      const [waiting, scheduled] = await Promise.all([client.xlen(log), client.zcard(schedule)]);
      if (waiting + scheduled > 0) await this.revive(path);
    }
  }
}
