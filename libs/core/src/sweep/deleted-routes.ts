import { performance } from 'node:perf_hooks';

import type { Connection, Keys, RegisteredRoute } from '../redis/index.js';

// By then what was there when it was deleted is gone, so that what is there now was published since.
const LOOK_AFTER_MS = 1_000;

interface Tombstone {
  readonly deletedAt: number;
  /** From when on to look, monotonic ms. */
  readonly lookAt: number;
}

/**
 * Routes that were deleted and published to by somebody who had not heard of it, and may be gone by now: such a message
 * revives its route all the same.
 */
export class DeletedRoutes {
  private readonly paths = new Map<string, Tombstone>();

  constructor(
    private readonly connection: Connection,
    private readonly keys: Keys,
    private readonly revive: (path: string) => Promise<void>,
  ) {}

  /**
   * The registry has changed.
   *
   * @returns in how many ms to look at routes that were deleted since, by path
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
