import type { Connection, Keys, RegisteredRoute, ServerClock } from '../redis/index.js';
import { DeletedRoutes } from './deleted-routes.js';
import { DueTimes } from './due-times.js';
import type { Retention, SweepOptions } from './options.js';
import { expireScript, sweepScript, trimScript, type Swept } from './scripts.js';

export interface SweeperHooks {
  onPromoted?: (path: string, count: number) => void;
  onTrimmed?: (path: string, count: number) => void;
  onSetAside: (path: string, count: number) => void;
  onFault: (error: unknown) => void;
  /** Groups of the route that want expired messages as dead letters. */
  groupsKeepingExpired: (path: string) => readonly string[];
  /** Somebody published to a deleted route. */
  revive: (path: string) => Promise<void>;
}

// Each costs the server a handful of commands, and a script holds up everybody else.
const ROUTES_PER_CALL = 25;
const MOVES_PER_ROUTE = 200;
const EXPIRED_PER_CALL = 200;
const LEASE_PERIODS = 3;
// Far longer than any living consumer goes without a read.
const CONSUMER_IDLE_MS = 10 * 60_000;
// Finished messages between two looks add up under load; this many are a few megabytes.
const TRIM_AFTER_SETTLED = 20_000;

/**
 * Keeps the routes that this process knows moving and tidy: promotes what is due, ends what has expired, trims what is
 * finished. Every process does so; a lease on each route leaves the tidying to one of them.
 */
export class Sweeper {
  private readonly due: DueTimes;
  private readonly settledSince = new Map<string, number>();
  private readonly stopListening: () => void;
  private readonly retentions = new Map<string, Retention>();
  private readonly hinted = new Set<string>();
  private readonly deleted: DeletedRoutes;
  private stopped = false;

  constructor(
    private readonly name: string,
    private readonly connection: Connection,
    private readonly keys: Keys,
    private readonly clock: ServerClock,
    private readonly options: SweepOptions,
    private readonly hooks: SweeperHooks,
  ) {
    this.due = new DueTimes((paths) => void this.sweep(paths));
    this.deleted = new DeletedRoutes(connection, keys, hooks.revive);
    // What became due while Redis was away is late enough.
    this.stopListening = connection.onEveryReady(() => {
      for (const path of this.due.paths) this.due.noLaterThan(path, 0);
    });
  }

  /** Looks after the route from now on. */
  add(path: string): void {
    if (!this.due.has(path)) this.due.noLaterThan(path, this.options.sweepMs * Math.random());
  }

  /** Something was scheduled on the route by this process. */
  scheduledIn(path: string, delayMs: number): void {
    this.hinted.add(path);
    // The route is looked at in between all the same, for whatever else it needs.
    this.due.noLaterThan(path, Math.min(delayMs, this.options.sweepMs));
  }

  /** The same with an instant: epoch ms on the server's clock. */
  scheduledAt(path: string, at: number): void {
    // As long as the server's time is not known, a look tells it.
    this.scheduledIn(path, Math.max(0, at - this.clock.now()) || 0);
  }

  /** The registry has changed: a route's own retention goes before the default. */
  onRegistry(routes: readonly RegisteredRoute[]): void {
    this.retentions.clear();
    for (const { path, settings } of routes) {
      if (settings.retention !== undefined) this.retentions.set(path, settings.retention);
    }
    for (const [path, inMs] of this.deleted.onRegistry(routes)) {
      if (this.due.has(path)) this.due.noLaterThan(path, inMs);
    }
  }

  /** So many messages of the route were finished. */
  settled(path: string, count: number): void {
    const total = (this.settledSince.get(path) ?? 0) + count;
    this.settledSince.set(path, total);
    if (total < TRIM_AFTER_SETTLED) return;
    this.settledSince.set(path, 0);
    this.due.noLaterThan(path, 0);
  }

  stop(): void {
    this.stopped = true;
    this.stopListening();
    this.due.stop();
  }

  /** Looks at the routes now. */
  async sweep(paths: readonly string[]): Promise<void> {
    for (let from = 0; from < paths.length; from += ROUTES_PER_CALL) {
      const some = paths.slice(from, from + ROUTES_PER_CALL);
      try {
        if (this.connection.ready) {
          await this.sweepSome(some);
          await this.deleted.look(some);
        }
      } catch (error) {
        // The connection's own faults are told by the connection; the next look makes up for this one.
        if (!this.stopped) this.hooks.onFault(error);
      }
      if (this.stopped) return;
      for (const path of some) this.due.noLaterThan(path, this.options.sweepMs);
    }
  }

  private async sweepSome(paths: readonly string[]): Promise<void> {
    const { now, routes } = await sweepScript.run(
      this.connection.client,
      {},
      {
        sweeper: this.name,
        leaseMs: this.options.sweepMs * LEASE_PERIODS,
        limit: MOVES_PER_ROUTE,
      },
      { keys: paths.map((path) => this.keys.route(path).log) },
    );
    this.clock.sync(now);
    const held: string[] = [];
    for (const [index, swept] of routes.entries()) {
      const path = paths[index] as string;
      this.report(path, swept);
      this.planNext(path, swept, now);
      if (swept.isHolder) held.push(path);
    }
    await this.expire(held.filter((path) => (routes[paths.indexOf(path)] as Swept).expired > 0));
    await this.trim(held);
  }

  private report(path: string, { moved, setAside }: Swept): void {
    if (moved > 0) this.hooks.onPromoted?.(path, moved);
    if (setAside > 0) this.hooks.onSetAside(path, setAside);
  }

  private planNext(path: string, { isHolder, nextDueAt }: Swept, now: number): void {
    const isOwn = this.hinted.delete(path);
    if (nextDueAt === undefined || !(isHolder || isOwn)) return;
    if (isOwn) this.hinted.add(path);
    this.due.noLaterThan(path, Math.max(0, nextDueAt - now));
  }

  private async expire(paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      const { log } = this.keys.route(path);
      await expireScript.run(
        this.connection.client,
        { log },
        { limit: EXPIRED_PER_CALL },
        { args: this.hooks.groupsKeepingExpired(path) },
      );
    }
  }

  private async trim(paths: readonly string[]): Promise<void> {
    if (paths.length === 0) return;
    const results = await trimScript.run(
      this.connection.client,
      {},
      { consumerIdleMs: CONSUMER_IDLE_MS },
      {
        keys: paths.map((path) => this.keys.route(path).log),
        args: paths.flatMap((path) => this.retentionOf(path)),
      },
    );
    results.forEach(({ trimmed, hasMore }, index) => {
      const path = paths[index] as string;
      if (trimmed > 0) this.hooks.onTrimmed?.(path, trimmed);
      if (hasMore) this.due.noLaterThan(path, 0);
    });
  }

  private retentionOf(path: string): [kind: string, amount: number] {
    const retention = this.retentions.get(path) ?? this.options.retention;
    return 'count' in retention ? ['count', retention.count] : ['age', retention.ageMs];
  }
}
