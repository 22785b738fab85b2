import type { Redis } from 'ioredis';

import type { Connection } from './connection.js';
import {
  readRoutes,
  type RegisteredGroup,
  type RegisteredRoute,
  type RouteSettings,
} from './registered.js';
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

/** Values of fields: undefined removes one, `now` is the server's instant. */
type Change = Readonly<Record<string, string | undefined>>;

/**
 * The one key that knows of all routes: a hash whose fields are named by kind, so that each fact is written by itself
 * and nothing is ever read, changed and written back. `version` counts the changes, so that a process can tell with one
 * cheap read whether there is news.
 */
export class Registry {
  constructor(
    private readonly connection: Connection,
    private readonly key: string,
  ) {}

  /** Makes a route known; publishing to a deleted one revives it. Harmless when repeated. */
  async addRoute(client: Redis, path: string): Promise<void> {
    await registerRouteScript.run(client, { registry: this.key }, { path });
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
    return registerGroupsScript.run(
      client,
      { registry: this.key },
      { group, how },
      { args: paths },
    );
  }

  /** Notes that a consumer of the group is there. */
  touch(paths: readonly string[], group: string): Promise<number> {
    const keys = { registry: this.key };
    return this.connection.run((client) =>
      touchGroupsScript.run(client, keys, { group }, { args: paths }),
    );
  }

  /** Leaves a note that it was removed: its running consumers stop with a warning instead of creating it anew. */
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
   * Leaves a tombstone: consumers stop with a warning instead of creating the route anew.
   *
   * @returns the groups that it has, or had
   */
  bury(path: string): Promise<string[]> {
    return this.connection.run((client) =>
      buryRouteScript.run(client, { registry: this.key }, { path }),
    );
  }

  async stateOf(path: string): Promise<'known' | 'deleted' | 'unknown'> {
    const [known, deleted] = await this.connection.run((client) =>
      client.hmget(this.key, `route:${path}`, `deleted:${path}`),
    );
    return known != null ? 'known' : deleted != null ? 'deleted' : 'unknown';
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

  version(): Promise<string | null> {
    return this.connection.run((client) => client.hget(this.key, 'version'));
  }

  /** Everything that is known. */
  async routes(): Promise<RegisteredRoute[]> {
    const fields = await this.connection.run((client) => client.hgetall(this.key));
    return readRoutes(fields);
  }

  private async change(change: Change): Promise<void> {
    const args = Object.entries(change).flatMap(([field, value]) => [field, value ?? '']);
    if (args.length === 0) return;
    const keys = { registry: this.key };
    await this.connection.run((client) => changeRegistryScript.run(client, keys, {}, { args }));
  }
}
