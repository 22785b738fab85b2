import { performance } from 'node:perf_hooks';

import type {
  Connection,
  Keys,
  RegisteredRoute,
  RegistryNews,
  ServerClock,
} from '../redis/index.js';
import { emptyRoutesScript, forgetRoutesScript } from './scripts.js';

/** Time after which an unused, empty route or a tombstone is forgotten, in ms. */
const UNUSED_MS = 7 * 24 * 3_600_000;
/** Interval between looks of a process, in ms. */
const LOOK_EVERY_MS = 3_600_000;
/** Time after which every publisher knows that a route was forgotten and registers it again before use, in ms. */
const HEARD_MS = 60_000;
const ROUTES_PER_CALL = 50;
// Each route notes two changed fields; beyond a thousand, every process would read the whole registry.
const ROUTES_PER_LOOK = 400;

/**
 * Forgets routes that nobody needs; without it, an application with a path per id would fill the registry. Many
 * processes may do so at once, and any of them may die midway.
 */
export class RouteForgetter {
  private routes: readonly RegisteredRoute[] = [];
  private version = 0;
  /** Path up to which candidates were examined; '' before the first. */
  private reached = '';
  /** Monotonic ms. */
  private nextAt = -Infinity;
  private isLooking = false;

  constructor(
    private readonly connection: Connection,
    private readonly keys: Keys,
    private readonly clock: ServerClock,
    private readonly revive: (path: string) => Promise<void>,
  ) {}

  onRegistry({ routes, version }: RegistryNews): void {
    this.routes = routes;
    this.version = version;
  }

  /** Examines a slice of the routes if it is time; called regularly. */
  async look(): Promise<void> {
    if (this.isLooking || performance.now() < this.nextAt) return;
    this.isLooking = true;
    try {
      await this.reviveUsed();
      const hasMore = await this.forgetSome();
      if (!hasMore) this.nextAt = performance.now() + LOOK_EVERY_MS * (0.5 + Math.random());
    } finally {
      this.isLooking = false;
    }
  }

  /** @returns true when there are more to examine */
  private async forgetSome(): Promise<boolean> {
    const { routes, version } = this;
    const before = this.clock.now() - UNUSED_MS;
    const candidates = routes
      .filter((route) => route.path > this.reached && isForgettable(route, before))
      .sort((a, b) => (a.path < b.path ? -1 : 1));
    const some = candidates.slice(0, ROUTES_PER_LOOK);
    const unused = await this.emptyOf(await this.unusedOf(some, before));
    if (unused.length > 0) {
      const { registry, changes, tombstones, used, forgotten } = this.keys;
      const result = await forgetRoutesScript.run(
        this.connection.client,
        { registry, changes, tombstones, used, forgotten },
        { version, unusedMs: UNUSED_MS },
        { args: unused.flatMap((route) => argsOf(route)) },
      );
      // The routes are examined again with the changed registry.
      if (result === 'changed') return true;
    }
    const hasMore = candidates.length > some.length;
    this.reached = hasMore ? (some.at(-1)?.path ?? '') : '';
    return hasMore;
  }

  private async unusedOf(
    routes: readonly RegisteredRoute[],
    before: number,
  ): Promise<RegisteredRoute[]> {
    const { client } = this.connection;
    const usedAt = await Promise.all(routes.map(({ path }) => client.zscore(this.keys.used, path)));
    return routes.filter((_, index) => Number(usedAt[index] ?? 0) < before);
  }

  /** Returns the routes that hold nothing. */
  private async emptyOf(routes: readonly RegisteredRoute[]): Promise<RegisteredRoute[]> {
    const empty: RegisteredRoute[] = [];
    for (let from = 0; from < routes.length; from += ROUTES_PER_CALL) {
      const some = routes.slice(from, from + ROUTES_PER_CALL);
      const states = await emptyRoutesScript.run(
        this.connection.client,
        {},
        {},
        {
          keys: some.map(({ path }) => this.keys.route(path).log),
          args: some.flatMap(({ removedGroups }) => [removedGroups.length, ...removedGroups]),
        },
      );
      empty.push(...some.filter((_, index) => states[index] === 'empty'));
    }
    return empty;
  }

  /** Revives forgotten routes that a publisher used before it learned that they were forgotten. */
  private async reviveUsed(): Promise<void> {
    const { client } = this.connection;
    const { forgotten } = this.keys;
    const before = Math.floor(this.clock.now() - HEARD_MS);
    const paths = await client.zrangebyscore(
      ...([forgotten, '-inf', before, 'LIMIT', 0, ROUTES_PER_CALL] as const),
    );
    if (paths.length === 0) return;
    const states = await emptyRoutesScript.run(
      client,
      {},
      {},
      { keys: paths.map((path) => this.keys.route(path).log), args: paths.map(() => 0) },
    );
    for (const [index, path] of paths.entries()) {
      if (states[index] === 'used') await this.revive(path);
    }
    await client.zrem(forgotten, ...paths);
  }
}

/** Returns true when the registry only knows that the route existed, or was deleted, long ago. Pure. */
export function isForgettable(route: RegisteredRoute, before: number): boolean {
  const { createdAt, deletedAt, groups, formerGroups, removedGroups, settings } = route;
  if (groups.length + formerGroups.length > 0 || Object.keys(settings).length > 0) return false;
  if (deletedAt !== undefined) return deletedAt > 0 && deletedAt < before;
  return removedGroups.length === 0 && createdAt > 0 && createdAt < before;
}

function argsOf({ path, removedGroups }: RegisteredRoute): (string | number)[] {
  const removed = removedGroups.map((group) => `removed:${group}:${path}`);
  const fields = [`route:${path}`, `deleted:${path}`, ...removed];
  return [path, fields.length, ...fields];
}
