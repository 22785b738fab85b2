import { performance } from 'node:perf_hooks';

import type { Connection, Keys, RegisteredRoute } from '../redis/index.js';

// Everything that was there at the deletion is gone after this time; messages found then were published since.
const LOOK_AFTER_MS = 1_000;

interface Tombstone {
  readonly deletedAt: number;
  /** From when on to look, monotonic ms. */
  readonly lookAt: number;
}

/**
 * Deleted routes that received messages from publishers which had not learned of the deletion and may be gone now. Such
 * a message still revives its route.
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

  /** Revives those of the paths that hold messages. */
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
