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
 * Why a group is registered: a person declares it, its service starts, or a running consumer misses it. What was
 * deleted or removed does not come back for the last of these.
 */
export type RegisterReason = 'declare' | 'start' | 'again';

const PATHS_PER_CALL = 200;

/** Values of fields: undefined removes one, `now` is the server's instant. */
type Change = Readonly<Record<string, string | undefined>>;

/**
 * The one key that knows of all routes: a hash whose fields are named by kind, so that each fact is written by itself
 * and nothing is ever read, changed and written back. `version` counts the changes, so that a process can tell with one
 * cheap read whether there is news.
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

  /** Makes a route known; publishing to a deleted one revives it. Harmless when repeated. */
  async addRoute(client: Redis, path: string): Promise<void> {
    await registerRouteScript.run(client, this.all, { path });
  }

  /**
   * Makes a group known, with its routes, and notes that it is there. Harmless when repeated.
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
    // A script for thousands of them would hold up everybody else.
    for (let from = 0; from < paths.length; from += PATHS_PER_CALL) {
      const more = { args: paths.slice(from, from + PATHS_PER_CALL) };
      const some = await registerGroupsScript.run(client, this.all, { group, how }, more);
      for (const path of some) allowed.push(path);
    }
    return allowed;
  }

  /** Notes that a consumer of the group is there. */
  async touch(paths: readonly string[], group: string): Promise<void> {
    const keys = { registry: this.key };
    for (let from = 0; from < paths.length; from += PATHS_PER_CALL) {
      const more = { args: paths.slice(from, from + PATHS_PER_CALL) };
      await this.connection.run((client) => touchGroupsScript.run(client, keys, { group }, more));
    }
  }

  /** Notes that a group was removed: its running consumers stop with a warning instead of creating it again. */
  removeGroup(path: string, group: string): Promise<void> {
    return this.change({
      [`group:${group}:${path}`]: undefined,
      [`paused:${group}:${path}`]: undefined,
      [`removed:${group}:${path}`]: 'now',
    });
  }

  /** Nothing is left of the groups that went with a deleted route. */
  forgetFormer(path: string, groups: readonly string[]): Promise<void> {
    return this.change(
      Object.fromEntries(groups.map((group) => [`former:${group}:${path}`, undefined])),
    );
  }

  setPaused(path: string, group: string, paused: boolean): Promise<void> {
    return this.change({ [`paused:${group}:${path}`]: paused ? 'now' : undefined });
  }

  /** Writes the settings that are given; null removes one. */
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
   * Leaves a tombstone: consumers stop with a warning instead of creating the route again.
   *
   * @returns the groups that the route has, or had
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

  /** A group of a route; undefined if it is not registered. */
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

  /** Returns a local copy of the registry, to be updated repeatedly. */
  mirror(onUnreadable: OnUnreadable): RegistryMirror {
    return new RegistryMirror(this.all, onUnreadable);
  }

  /** @returns what has changed since the last look; undefined if nothing has */
  look(mirror: RegistryMirror): Promise<RegistryNews | undefined> {
    return this.connection.run((client) => mirror.look(client));
  }

  /** Says that the recurring sends have changed, which are told together with the registry. */
  async schedulesChanged(): Promise<void> {
    await this.connection.run((client) => changeRegistryScript.run(client, this.all, {}));
  }

  /** Everything that is known. */
  async routes(): Promise<RegisteredRoute[]> {
    return readRoutes(await this.connection.run((client) => readFields(client, this.all)));
  }

  private async change(change: Change): Promise<void> {
    const args = Object.entries(change).flatMap(([field, value]) => [field, value ?? '']);
    if (args.length === 0) return;
    await this.connection.run((client) => changeRegistryScript.run(client, this.all, {}, { args }));
  }
}
