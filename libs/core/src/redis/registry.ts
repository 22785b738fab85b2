import type { Redis } from 'ioredis';

import type { Connection } from './connection.js';
import type { Keys } from './keys.js';
import {
  readRoutes,
  type OnUnreadable,
  type RegisteredGroup,
  type RegisteredRoute,
  type RouteSettings,
} from './registered.js';
import { RegistryMirror, readFields, type RegistryNews } from './registry-mirror.js';
import {
  buryRouteScript,
  changeRegistryScript,
  registerGroupsScript,
  registerRouteScript,
  touchGroupsScript,
} from './registry-scripts.js';

/**
 * Reason for registering a group: a person declares it, its service starts, or a running consumer misses it. A running
 * consumer never brings back a deleted route or a removed group.
 */
export type RegisterReason = 'declare' | 'start' | 'again';

const PATHS_PER_CALL = 200;

/** Values of fields: undefined removes the field, `now` is the server's time. */
type Change = Readonly<Record<string, string | undefined>>;

/**
 * The key that lists all routes: a hash with one field per fact, named by kind. Each fact is written separately, so
 * there is no read-modify-write. `version` counts the changes: one cheap read shows whether there are new ones.
 */
export class Registry {
  private readonly key: string;
  /** Keys that scripts need to change the registry. */
  private readonly all: Pick<Keys, 'registry' | 'changes' | 'tombstones' | 'used'>;

  constructor(
    private readonly connection: Connection,
    {
      registry,
      changes,
      tombstones,
      used,
    }: Pick<Keys, 'registry' | 'changes' | 'tombstones' | 'used'>,
  ) {
    this.key = registry;
    this.all = { registry, changes, tombstones, used };
  }

  /** Makes a route known; publishing to a deleted one revives it. Safe to repeat. */
  async addRoute(client: Redis, path: string): Promise<void> {
    await registerRouteScript.run(client, this.all, { path });
  }

  /**
   * Adds a group and its routes to the registry, and records that the group has a consumer. Safe to repeat.
   *
   * @returns the paths on which it may be created
   */
  async addGroups(
    client: Redis,
    paths: readonly string[],
    group: string,
    how: RegisterReason,
  ): Promise<string[]> {
    if (paths.length === 0) return [];
    const allowed: string[] = [];
    // In batches: one script for thousands of paths would block the server.
    for (let from = 0; from < paths.length; from += PATHS_PER_CALL) {
      const more = { args: paths.slice(from, from + PATHS_PER_CALL) };
      const some = await registerGroupsScript.run(client, this.all, { group, how }, more);
      for (const path of some) allowed.push(path);
    }
    return allowed;
  }

  /** Records that the group has a live consumer. */
  async touch(paths: readonly string[], group: string): Promise<void> {
    const keys = { registry: this.key };
    for (let from = 0; from < paths.length; from += PATHS_PER_CALL) {
      const more = { args: paths.slice(from, from + PATHS_PER_CALL) };
      await this.connection.run((client) => touchGroupsScript.run(client, keys, { group }, more));
    }
  }

  /** Records that a group was removed: its running consumers stop with a warning instead of creating it again. */
  removeGroup(path: string, group: string): Promise<void> {
    return this.change({
      [`group:${group}:${path}`]: undefined,
      [`paused:${group}:${path}`]: undefined,
      [`removed:${group}:${path}`]: 'now',
    });
  }

  /** Records that the groups of a deleted route are gone completely. */
  forgetFormer(path: string, groups: readonly string[]): Promise<void> {
    return this.change(
      Object.fromEntries(groups.map((group) => [`former:${group}:${path}`, undefined])),
    );
  }

  setPaused(path: string, group: string, paused: boolean): Promise<void> {
    return this.change({ [`paused:${group}:${path}`]: paused ? 'now' : undefined });
  }

  /** Writes the given settings; null removes one. */
  configure(
    path: string,
    settings: { readonly [Name in keyof RouteSettings]: RouteSettings[Name] | null },
  ): Promise<void> {
    return this.change(
      Object.fromEntries(
        Object.entries(settings).map(([name, value]) => [
          `setting:${name}:${path}`,
          value === null ? undefined : JSON.stringify(value),
        ]),
      ),
    );
  }

  /**
   * Writes a tombstone: consumers stop with a warning instead of creating the route again.
   *
   * @returns the route's present and former groups
   */
  bury(path: string): Promise<string[]> {
    return this.connection.run((client) => buryRouteScript.run(client, this.all, { path }));
  }

  async stateOf(path: string): Promise<'known' | 'deleted' | 'unknown'> {
    const [[known, deleted], buried] = await this.connection.run((client) =>
      Promise.all([
        client.hmget(this.key, `route:${path}`, `deleted:${path}`),
        client.zscore(this.all.tombstones, path),
      ]),
    );
    if (known != null) return 'known';
    return deleted != null || buried !== null ? 'deleted' : 'unknown';
  }

  /** Reads a group of a route; undefined if it is not registered. */
  async groupOf(path: string, group: string): Promise<RegisteredGroup | undefined> {
    const [seenAt, pausedAt] = await this.connection.run((client) =>
      client.hmget(this.key, `group:${group}:${path}`, `paused:${group}:${path}`),
    );
    if (seenAt == null) return undefined;
    return {
      path,
      group,
      seenAt: Number(seenAt),
      pausedAt: pausedAt == null ? undefined : Number(pausedAt),
    };
  }

  /** Returns a local copy of the registry that the caller updates. */
  mirror(onUnreadable: OnUnreadable): RegistryMirror {
    return new RegistryMirror(this.all, onUnreadable);
  }

  /** Returns the changes since the last read; undefined if there are none. */
  look(mirror: RegistryMirror): Promise<RegistryNews | undefined> {
    return this.connection.run((client) => mirror.look(client));
  }

  /** Records that the recurring sends have changed; processes learn of it through the registry. */
  async schedulesChanged(): Promise<void> {
    await this.connection.run((client) => changeRegistryScript.run(client, this.all, {}));
  }

  /** Reads the whole registry. */
  async routes(): Promise<RegisteredRoute[]> {
    return readRoutes(await this.connection.run((client) => readFields(client, this.all)));
  }

  private async change(change: Change): Promise<void> {
    const args = Object.entries(change).flatMap(([field, value]) => [field, value ?? '']);
    if (args.length === 0) return;
    await this.connection.run((client) => changeRegistryScript.run(client, this.all, {}, { args }));
  }
}
