import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

import { toError } from '../errors.js';
import type { Connection, Keys, RegistryNews, ServerClock } from '../redis/index.js';
import { brokenRoute } from './broken.js';
import { DeletedRoutes } from './deleted-routes.js';
import { DueTimes } from './due-times.js';
import { FollowedRoutes } from './followed-routes.js';
import { IdleRoutes } from './idle-routes.js';
import type { SweepOptions } from './options.js';
import { RouteForgetter } from './route-forgetter.js';
import { sweepScript, type Swept } from './scripts.js';
import { PAUSE_MS, Tidier, type TidierHooks, type TrimmableRoute } from './tidier.js';
import { Troubles } from './troubles.js';
import { UsedRoutes } from './used-routes.js';

export interface SweeperHooks extends TidierHooks {
  onPromoted?: (path: string, count: number) => void;
  /** Reports scheduled entries that cannot be appended, by their members in the schedule; once per entry. */
  onSetAside: (path: string, members: readonly string[]) => void;
  /** Publishes the route's recurring sends that are due at `now`, epoch ms. Resolves to true when any has moved on. */
  onTicksDue: (path: string, now: number) => Promise<boolean>;
  /** Revives a deleted route that somebody has published to. */
  revive: (path: string) => Promise<void>;
}

/** The part of a recurring send that the sweeper needs. */
export interface PlannedSchedule {
  readonly id: string;
  readonly path: string;
  /** Changes whenever its route must be examined again. */
  readonly plannedAt: number;
}

// How much earlier than planned a route may be examined together with others, as a fraction of the period.
const SPARE = 0.5;
// Each route costs the server a handful of commands, and a script blocks every other client.
const ROUTES_PER_CALL = 25;
const MOVES_PER_CALL = 400;
const LEASE_PERIODS = 3;
// Idle routes are still examined now and then, for consumers that are gone and for entries that another tool wrote.
const IDLE_PERIODS = 12;
// Under load, finished messages pile up between two sweeps; this many take a few megabytes.
const TRIM_AFTER_SETTLED = 20_000;

/** Result of a sweep of one route. */
export interface SweptRoute {
  readonly promoted: number;
  readonly expired: number;
  readonly trimmed: number;
}

/**
 * Keeps the routes that this process knows moving and tidy: promotes what is due, ends what has expired, trims what is
 * finished. Every process does so; a lease on each route leaves the tidying to one of them.
 */
export class Sweeper {
  private readonly due: DueTimes;
  private readonly settledSince = new Map<string, number>();
  private readonly stopListening: () => void;
  private readonly tidier: Tidier;
  private readonly followed = new FollowedRoutes();
  private readonly idle: IdleRoutes;
  private planned = new Map<string, PlannedSchedule>();
  private readonly ticking = new Set<string>();
  private readonly deleted: DeletedRoutes;
  private readonly forgetter: RouteForgetter;
  private readonly troubles = new Troubles();
  private readonly used = new UsedRoutes();
  private stopped = false;

  constructor(
    private readonly name: string,
    private readonly connection: Connection,
    private readonly keys: Keys,
    private readonly clock: ServerClock,
    private readonly options: SweepOptions,
    private readonly hooks: SweeperHooks,
  ) {
    this.due = new DueTimes((paths) => void this.look(paths));
    // A sweep that is requested by hand still runs.
    if (!options.tidy) this.due.stop();
    this.idle = new IdleRoutes(connection, keys, options.sweepMs * IDLE_PERIODS);
    this.deleted = new DeletedRoutes(connection, keys, hooks.revive);
    this.forgetter = new RouteForgetter(connection, keys, clock, hooks.revive);
    this.tidier = new Tidier(connection, keys, options, hooks);
    // Entries that became due while Redis was away are late already.
    this.stopListening = connection.onEveryReady(() => {
      for (const path of this.due.paths) this.due.noLaterThan(path, 0);
    });
  }

  /** Starts looking after a route that this process handles. */
  handle(path: string): void {
    this.used.handle(path);
    this.add(path);
  }

  /** Looks after a route that this process sends to, until it is unused for a while and nothing is left to do. */
  add(path: string): void {
    if (!this.options.tidy) return;
    const { sweepMs } = this.options;
    this.used.note(path);
    this.idle.wake(path);
    if (!this.due.has(path)) this.due.noLaterThan(path, sweepMs * Math.random(), sweepMs);
  }

  /** Follows a route on which this process has scheduled something. */
  scheduledIn(path: string, delayMs: number): void {
    this.followed.follow(path, delayMs);
    // The route may need other work before then, so the regular sweep still runs.
    this.due.noLaterThan(path, Math.min(delayMs, this.options.sweepMs));
  }

  /** Like {@link scheduledIn}, with an instant: epoch ms on the server's clock. */
  scheduledAt(path: string, at: number): void {
    // While the server's time is unknown, sweep at once: the reply contains it.
    this.scheduledIn(path, Math.max(0, at - this.clock.now()) || 0);
  }

  /** Takes a change of the registry. */
  onRegistry(news: RegistryNews): void {
    const { routes } = news;
    this.forgetter.onRegistry(news);
    this.tidier.onRegistry(routes);
    for (const [path, inMs] of this.deleted.onRegistry(routes)) {
      if (this.due.has(path)) this.due.noLaterThan(path, inMs);
    }
  }

  /** Forgets routes that nobody needs; called regularly. */
  async forgetRoutes(): Promise<void> {
    if (!this.options.tidy || this.stopped || !this.connection.ready) return;
    await this.attempt(() => this.forgetter.look());
  }

  /** Takes the list of all recurring sends and examines routes with new or changed ones now. */
  onSchedules(schedules: readonly PlannedSchedule[]): void {
    const before = this.planned;
    this.planned = new Map(schedules.map((schedule) => [schedule.id, schedule]));
    for (const { id, path, plannedAt } of schedules) {
      const known = before.get(id);
      if (known?.path !== path || known.plannedAt !== plannedAt) this.due.noLaterThan(path, 0);
    }
  }

  /** Counts finished messages of the route. */
  settled(path: string, count: number): void {
    const total = (this.settledSince.get(path) ?? 0) + count;
    this.settledSince.set(path, total);
    this.idle.wake(path);
    if (total < TRIM_AFTER_SETTLED) return;
    this.settledSince.set(path, 0);
    this.due.noLaterThan(path, 0);
  }

  stop(): void {
    this.stopped = true;
    this.stopListening();
    this.due.stop();
  }

  /** Sweeps those of the routes that may need it. */
  private async look(paths: readonly string[]): Promise<void> {
    let awake = paths;
    // A failure here will recur in the sweep, which reports it.
    if (this.connection.ready) awake = await this.idle.awake(paths).catch(() => paths);
    if (this.stopped) return;
    if (awake.length < paths.length) {
      const { sweepMs } = this.options;
      const looked = new Set(awake);
      for (const path of paths) {
        if (looked.has(path)) continue;
        if (this.mayForget(path)) this.forget(path);
        else this.due.noLaterThan(path, sweepMs, sweepMs * SPARE);
      }
    }
    await this.sweep(awake);
  }

  /** Returns true when a route without plans may be forgotten; a path per id would otherwise be examined forever. */
  private mayForget(path: string): boolean {
    return this.used.isUnused(path) && this.idle.isLeftToOthers(path) && !this.followed.has(path);
  }

  private forget(path: string): void {
    this.due.forget(path);
    this.idle.forget(path);
    this.settledSince.delete(path);
    this.tidier.forget(path);
  }

  /** Sweeps the routes now. */
  async sweep(paths: readonly string[]): Promise<void> {
    for (let from = 0; from < paths.length; from += ROUTES_PER_CALL) {
      const some = paths.slice(from, from + ROUTES_PER_CALL);
      try {
        if (this.connection.ready) {
          await this.sweepSome(some);
          await this.deleted.look(some);
        }
      } catch (error) {
        // The connection reports its own faults; the next sweep makes up for this one.
        if (!this.stopped) this.hooks.onFault(error);
      }
      if (this.stopped) return;
      const { sweepMs } = this.options;
      for (const path of some) this.due.noLaterThan(path, sweepMs, sweepMs * SPARE);
    }
  }

  /**
   * Does all promoting, expiring and trimming that one route needs, whichever process keeps it tidy.
   *
   * @throws the error of the first step that failed; the other steps still ran
   */
  async sweepRoute(path: string): Promise<SweptRoute> {
    const failures: unknown[] = [];
    const done = async (step: () => Promise<number>): Promise<number> => {
      try {
        return await step();
      } catch (error) {
        failures.push(error);
        return 0;
      }
    };
    const promoted = await done(() => this.promoteAll(path));
    const expired = await done(() => this.tidier.expireAll(path));
    const trimmed = await done(() => this.tidier.trimAll(path));
    await done(() => this.tidier.limitDeadLetters([path]).then(() => 0));
    if (failures.length > 0) throw failures[0];
    return { promoted, expired, trimmed };
  }

  private async promoteAll(path: string): Promise<number> {
    const { log } = this.keys.route(path);
    // A one-off sweep does not hold the route.
    const args = { sweeper: this.name, leaseMs: 1, limit: MOVES_PER_CALL };
    for (let promoted = 0; ;) {
      const { client } = this.connection;
      const { now, routes } = await sweepScript.run(client, {}, args, { keys: [log] });
      const swept = routes[0] as Swept;
      this.report(path, swept);
      promoted += swept.moved;
      if ((swept.nextTickAt ?? Infinity) <= now) await this.tick(path, now);
      if (swept.broken !== undefined) throw brokenRoute(path, 'swept', swept.broken);
      if ((swept.nextDueAt ?? Infinity) > now) return promoted;
      await delay(PAUSE_MS);
    }
  }

  private async sweepSome(paths: readonly string[]): Promise<void> {
    const askedAt = performance.now();
    const { now, routes } = await sweepScript.run(
      this.connection.client,
      {},
      {
        sweeper: this.name,
        leaseMs: this.options.sweepMs * LEASE_PERIODS,
        limit: MOVES_PER_CALL,
      },
      { keys: paths.map((path) => this.keys.route(path).log) },
    );
    this.clock.sync(now, askedAt);
    const held: string[] = [];
    const expiring: string[] = [];
    const trimmable: TrimmableRoute[] = [];
    for (const [index, swept] of routes.entries()) {
      const path = paths[index] as string;
      this.report(path, swept);
      this.planNext(path, swept, now);
      this.idle.note(path, swept.state, isQuiet(swept) && !this.followed.has(path));
      if ((swept.nextTickAt ?? Infinity) <= now) void this.tick(path, now);
      if (swept.isHolder) held.push(path);
      if (swept.isHolder && swept.expired > 0) expiring.push(path);
      if (swept.isHolder) trimmable.push({ path, state: swept.state });
    }
    for (const path of expiring) {
      await this.expire(path);
    }
    await this.attempt(async () => {
      const unfinished = await this.tidier.trimChanged(trimmable);
      for (const [path, inMs] of unfinished) this.due.noLaterThan(path, inMs);
    });
    await this.attempt(() => this.tidier.limitDeadLetters(held));
  }

  /** Ends expired messages of a route. A failure is reported here, so other routes still get their turn. */
  private async expire(path: string): Promise<void> {
    const thing = `${path} expiry`;
    try {
      if ((await this.tidier.expire(path)).hasMore) this.due.noLaterThan(path, PAUSE_MS);
      this.troubles.over(thing);
    } catch (error) {
      const { name, message } = toError(error);
      if (this.stopped || !this.troubles.isNews(thing, message)) return;
      const broken = { brokenBecause: message };
      const isRefused = name === 'ReplyError';
      this.hooks.onFault(
        isRefused ? brokenRoute(path, 'freed of what has expired', broken) : error,
      );
    }
  }

  /** Runs a step and reports its failure, so that the other steps still run. */
  private async attempt(step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      if (!this.stopped) this.hooks.onFault(error);
    }
  }

  private report(path: string, { moved, setAside, broken }: Swept): void {
    if (moved > 0) this.hooks.onPromoted?.(path, moved);
    const news = setAside.filter((member) => this.troubles.isNews(`${path} ${member}`, ''));
    if (news.length > 0) this.hooks.onSetAside(path, news);
    if (broken === undefined) this.troubles.over(path);
    else if (this.troubles.isNews(path, broken.brokenBecause)) {
      this.hooks.onFault(brokenRoute(path, 'swept', broken));
    }
  }

  private planNext(path: string, swept: Swept, now: number): void {
    const { isHolder, nextDueAt = Infinity, nextTickAt = Infinity } = swept;
    if (Math.min(nextDueAt, nextTickAt) === Infinity) this.followed.foundEmpty(path);
    // For a tick that is already due, the sweep after its publication plans the next one.
    const nextAt = Math.min(nextDueAt, nextTickAt <= now ? Infinity : nextTickAt);
    if (nextAt === Infinity || !(isHolder || this.followed.has(path))) return;
    this.due.noLaterThan(path, nextAt <= now ? PAUSE_MS : nextAt - now);
  }

  /** Publishes the recurring sends of the route that are due, one call at a time. */
  private async tick(path: string, now: number): Promise<void> {
    if (this.ticking.has(path)) return;
    this.ticking.add(path);
    try {
      const hasMoved = await this.hooks.onTicksDue(path, now);
      if (hasMoved && !this.stopped) this.due.noLaterThan(path, 0);
    } catch (error) {
      // The sends stay due for the next sweep, by any process.
      if (!this.stopped) this.hooks.onFault(error);
    } finally {
      this.ticking.delete(path);
    }
  }
}

/** Returns true when there was nothing to do and nothing is planned. */
function isQuiet({ moved, setAside, expired, nextDueAt, nextTickAt, broken }: Swept): boolean {
  const isPlanned = nextDueAt !== undefined || nextTickAt !== undefined;
  return moved + setAside.length + expired === 0 && !isPlanned && broken === undefined;
}
