import type { Redis } from 'ioredis';

import type { Connection } from './connection.js';

/** What a route is told for all its services; kept in Redis, so that they need not agree beforehand. */
export interface RouteSettings {
  /** Unfinished messages beyond which a publish is refused. */
  readonly maxLength?: number;
  /** Which finished messages are kept. */
  readonly retention?: { readonly count: number } | { readonly ageMs: number };
}

/** A group as the registry knows it. */
export interface RegisteredGroup {
  readonly path: string;
  readonly group: string;
  /** When one of its consumers last said that it is there: epoch ms, the server's clock. */
  readonly seenAt: number;
  /** Since when it is paused: epoch ms; undefined when it is not. */
  readonly pausedAt: number | undefined;
}

/** A route as the registry knows it. */
export interface RegisteredRoute {
  readonly path: string;
  /** Epoch ms, the server's clock. */
  readonly createdAt: number;
  readonly settings: RouteSettings;
  /** Since when it is deleted: epoch ms; publishing to it revives it. */
  readonly deletedAt: number | undefined;
  readonly groups: readonly RegisteredGroup[];
}

/** What may be written at once: fields of the hash, undefined to remove one. */
type Change = Readonly<Record<string, string | number | undefined>>;

/**
 * The one key that knows of all routes: a hash whose fields are named by kind, so that each fact is written by itself
 * and nothing is ever read, changed and written back. `version` counts the changes, so that a process can tell with one
 * cheap read whether there is news.
 */
export class Registry {
  constructor(
    private readonly connection: Connection,
    private readonly key: string,
    /** Epoch ms on the server's clock. */
    private readonly now: () => number,
  ) {}

  /** Makes a route known; publishing to a deleted one revives it. Harmless when repeated. */
  async addRoute(client: Redis, path: string): Promise<void> {
    const [added, revived] = await Promise.all([
      client.hsetnx(this.key, `route:${path}`, this.instant()),
      client.hdel(this.key, `deleted:${path}`),
    ]);
    if (added + revived > 0) await client.hincrby(this.key, 'version', 1);
  }

  /** Makes groups known, with their routes, and notes that they are there. Harmless when repeated. */
  async addGroups(client: Redis, paths: readonly string[], group: string): Promise<void> {
    if (paths.length === 0) return;
    const seen = paths.flatMap((path) => [`group:${group}:${path}`, this.instant()]);
    await Promise.all([
      ...paths.map((path) => client.hsetnx(this.key, `route:${path}`, this.instant())),
      client.hset(this.key, ...seen),
    ]);
  }

  removeGroup(path: string, group: string): Promise<void> {
    return this.change({
      [`group:${group}:${path}`]: undefined,
      [`paused:${group}:${path}`]: undefined,
    });
  }

  setPaused(path: string, group: string, paused: boolean): Promise<void> {
    return this.change({ [`paused:${group}:${path}`]: paused ? this.instant() : undefined });
  }

  configure(path: string, settings: RouteSettings): Promise<void> {
    return this.change({ [`settings:${path}`]: JSON.stringify(settings) });
  }

  /** Leaves a tombstone: consumers stop with a warning instead of creating the route anew. */
  bury(path: string): Promise<void> {
    return this.change({
      [`route:${path}`]: undefined,
      [`settings:${path}`]: undefined,
      [`deleted:${path}`]: this.instant(),
    });
  }

  version(): Promise<string | null> {
    return this.connection.run((client) => client.hget(this.key, 'version'));
  }

  /** Everything that is known. */
  async routes(): Promise<RegisteredRoute[]> {
    const fields = await this.connection.run((client) => client.hgetall(this.key));
    return readRoutes(fields);
  }

  private change(change: Change): Promise<void> {
    return this.connection.run(async (client) => {
      const transaction = client.multi();
      for (const [field, value] of Object.entries(change)) {
        if (value === undefined) transaction.hdel(this.key, field);
        else transaction.hset(this.key, field, value);
      }
      await transaction.hincrby(this.key, 'version', 1).exec();
    });
  }

  private instant(): string {
    return this.now().toFixed();
  }
}

/** Tells the fields of the registry's hash apart. Pure. */
export function readRoutes(fields: Readonly<Record<string, string>>): RegisteredRoute[] {
  const routes = new Map<string, Mutable>();
  const routeOf = (path: string): Mutable => {
    const known = routes.get(path) ?? {
      createdAt: 0,
      settings: {},
      deletedAt: undefined,
      groups: [],
    };
    routes.set(path, known);
    return known;
  };
  for (const [field, value] of Object.entries(fields)) {
    const [kind = '', rest = ''] = split(field);
    if (kind === 'route') routeOf(rest).createdAt = Number(value) || 0;
    else if (kind === 'deleted') routeOf(rest).deletedAt = Number(value);
    else if (kind === 'settings') routeOf(rest).settings = JSON.parse(value) as RouteSettings;
    else if (kind === 'group') {
      const [group = '', path = ''] = split(rest);
      const paused = fields[`paused:${rest}`];
      routeOf(path).groups.push({
        path,
        group,
        seenAt: Number(value),
        pausedAt: paused === undefined ? undefined : Number(paused),
      });
    }
  }
  return [...routes].map(([path, route]) => ({ path, ...route }));
}

interface Mutable {
  createdAt: number;
  settings: RouteSettings;
  deletedAt: number | undefined;
  groups: RegisteredGroup[];
}

function split(text: string): [string, string] | [] {
  const colon = text.indexOf(':');
  return colon < 0 ? [] : [text.slice(0, colon), text.slice(colon + 1)];
}
