import { setTimeout as delay } from 'node:timers/promises';

import type { DeadReason } from '../message/index.js';
import { brokenQueue, brokenRoute } from './broken.js';
import type { Connection, Keys, RegisteredRoute } from '../redis/index.js';
import type { Retention, SweepOptions } from './options.js';
import {
  expireScript,
  limitDeadScript,
  trimScript,
  type Broken,
  type Dropped,
  type DroppedDeadLetter,
  type Expired,
  type Trimmed,
} from './scripts.js';
import { TrimmedStates } from './trimmed-states.js';
import { Troubles } from './troubles.js';

/** A dead letter that was dropped because of a limit on dead letters. */
export interface DeadLetterDrop extends DroppedDeadLetter {
  readonly path: string;
  readonly group: string;
  readonly reason: DeadReason | undefined;
}

export interface TidierHooks {
  onTrimmed?: (path: string, count: number) => void;
  onDeadLetterDropped?: (drop: DeadLetterDrop) => void;
  /** Reports expired messages that cannot be ended, by their members in the expiry, and why; once per message. */
  onExpirySetAside: (path: string, entries: Expired['setAside']) => void;
  /** Reports an abandoned replay of history that keeps a route from being trimmed; once per replay. */
  onReplayStopped?: (path: string, id: string) => void;
  onFault: (error: unknown) => void;
}

/** A route that this process keeps tidy, as a sweep found it. */
export interface TrimmableRoute {
  readonly path: string;
  /** State as in {@link Swept}. */
  readonly state: string;
}

interface Limits {
  readonly maxAgeMs: number | '';
  readonly maxCount: number | '';
  readonly groups: readonly string[];
}

interface LimitedQueue extends Omit<Limits, 'groups'> {
  readonly path: string;
  readonly group: string;
  /** Key of the group's dead letters. */
  readonly dead: string;
}

const EXPIRED_PER_CALL = 400;
const DROPPED_PER_CALL = 400;
const QUEUES_PER_CALL = 25;
/** Pause between two slices of work, in ms, that lets other clients run. */
export const PAUSE_MS = 5;
// After this time, most messages that were in flight at the first trimming are finished.
const LATER_MS = 500;
// All that an unchanged route may need to lose is consumers that are gone.
const SWEEPS_PER_IDLE_TRIM = 12;
const MOST_TOLD_REPLAYS = 1_000;
// Far longer than a living consumer goes without a read.
const CONSUMER_IDLE_MS = 10 * 60_000;

/** Frees data that routes no longer need: expired and finished messages, and dead letters beyond their limits. */
export class Tidier {
  private readonly retentions = new Map<string, Retention>();
  private readonly limits = new Map<string, Limits>();
  private readonly trimmed: TrimmedStates;
  private readonly troubles = new Troubles();
  /** Group after which the next trimming of a route resumes, by path; for routes with many groups. */
  private readonly groupsReached = new Map<string, string>();
  private readonly toldReplays = new Set<string>();

  constructor(
    private readonly connection: Connection,
    private readonly keys: Keys,
    private readonly options: SweepOptions,
    private readonly hooks: TidierHooks,
  ) {
    this.trimmed = new TrimmedStates(options.sweepMs * SWEEPS_PER_IDLE_TRIM);
  }

  /** Takes a change of the registry; a route's own settings override the defaults. */
  onRegistry(routes: readonly RegisteredRoute[]): void {
    this.retentions.clear();
    this.limits.clear();
    this.trimmed.clear();
    for (const { path, settings, groups, removedGroups, formerGroups } of routes) {
      const { retention, deadLetters } = settings;
      if (retention !== undefined) this.retentions.set(path, retention);
      if (deadLetters === undefined) continue;
      const { maxAgeMs = '', maxCount = '' } = deadLetters;
      const names = [...groups.map(({ group }) => group), ...removedGroups, ...formerGroups];
      this.limits.set(path, { maxAgeMs, maxCount, groups: names });
    }
  }

  /** Drops what is remembered about a route that this process no longer looks after. */
  forget(path: string): void {
    this.trimmed.forget(path);
    this.groupsReached.delete(path);
  }

  /** Ends a slice of the messages whose time to live has passed. */
  async expire(path: string): Promise<Expired> {
    const { log } = this.keys.route(path);
    const { client } = this.connection;
    const expired = await expireScript.run(client, { log }, { limit: EXPIRED_PER_CALL });
    const news = expired.setAside.filter(([member, why]) =>
      this.troubles.isNews(`${path} ${member}`, why),
    );
    if (news.length > 0) this.hooks.onExpirySetAside(path, news);
    return expired;
  }

  /** Ends all messages whose time to live has passed, and returns their number. */
  async expireAll(path: string): Promise<number> {
    for (let total = 0; ;) {
      const { removed, hasMore } = await this.expire(path);
      total += removed;
      if (!hasMore) return total;
      await delay(PAUSE_MS);
    }
  }

  /** Trims a slice of what every group has finished. */
  async trim(paths: readonly string[]): Promise<(Trimmed | Broken)[]> {
    if (paths.length === 0) return [];
    const results = await trimScript.run(
      this.connection.client,
      {},
      { consumerIdleMs: CONSUMER_IDLE_MS },
      {
        keys: paths.map((path) => this.keys.route(path).log),
        args: paths.flatMap((path) => [
          ...this.retentionOf(path),
          this.groupsReached.get(path) ?? '',
        ]),
      },
    );
    results.forEach((result, index) => {
      if ('brokenBecause' in result) return;
      const path = paths[index] as string;
      if (result.after === '') this.groupsReached.delete(path);
      else this.groupsReached.set(path, result.after);
      if (result.trimmed > 0) this.hooks.onTrimmed?.(path, result.trimmed);
      for (const id of result.stoppedReplays) this.tellOfReplay(path, id);
    });
    return results;
  }

  /** Trims all that can be trimmed on one route now, and returns the number of removed messages. */
  async trimAll(path: string): Promise<number> {
    for (let total = 0; ;) {
      const [result] = (await this.trim([path])) as [Trimmed | Broken];
      if ('brokenBecause' in result) throw brokenRoute(path, 'trimmed', result);
      total += result.trimmed;
      if (result.next !== 'more') return total;
      await delay(PAUSE_MS);
    }
  }

  /**
   * Trims the routes that have changed since their last trimming.
   *
   * @returns delay in ms until there is more to do, by path
   */
  async trimChanged(routes: readonly TrimmableRoute[]): Promise<Map<string, number>> {
    const wanting = routes.filter(({ path, state }) => {
      // Messages and consumers age on an unchanged route too.
      const agesToo = state !== '' && this.retentionOf(path)[0] === 'age';
      return agesToo || this.trimmed.isWorthALook(path, state);
    });
    const results = await this.trim(wanting.map(({ path }) => path));
    const unfinished = new Map<string, number>();
    wanting.forEach(({ path, state }, index) => {
      const result = results[index] as Trimmed | Broken;
      if ('brokenBecause' in result) {
        if (!this.troubles.isNews(`${path} trimming`, result.brokenBecause)) return;
        this.hooks.onFault(brokenRoute(path, 'trimmed', result));
        return;
      }
      this.troubles.over(`${path} trimming`);
      if (result.next === 'done') this.trimmed.note(path, state);
      else unfinished.set(path, result.next === 'more' ? PAUSE_MS : LATER_MS);
    });
    return unfinished;
  }

  /** Drops the oldest dead letters beyond the limits of the routes, and reports each. */
  async limitDeadLetters(paths: readonly string[]): Promise<void> {
    let queues = paths.flatMap((path) => this.limitedQueues(path));
    while (queues.length > 0) {
      const some = queues.slice(0, QUEUES_PER_CALL);
      const unfinished = await this.limitSome(some);
      queues = [...queues.slice(QUEUES_PER_CALL), ...unfinished];
      if (queues.length > 0) await delay(PAUSE_MS);
    }
  }

  /** Returns the queues that are still beyond their limits. */
  private async limitSome(queues: readonly LimitedQueue[]): Promise<LimitedQueue[]> {
    const results = await limitDeadScript.run(
      this.connection.client,
      {},
      { limit: DROPPED_PER_CALL },
      {
        keys: queues.map(({ dead }) => dead),
        args: queues.flatMap(({ maxAgeMs, maxCount }) => [maxAgeMs, maxCount]),
      },
    );
    return queues.filter((queue, index) => {
      const { path, group, dead } = queue;
      const result = results[index] as Dropped | Broken;
      if ('brokenBecause' in result) {
        if (this.troubles.isNews(dead, result.brokenBecause)) {
          this.hooks.onFault(brokenQueue(queue, result));
        }
        return false;
      }
      this.troubles.over(dead);
      for (const each of result.dropped) this.hooks.onDeadLetterDropped?.({ ...each, path, group });
      return result.hasMore;
    });
  }

  private tellOfReplay(path: string, id: string): void {
    if (this.toldReplays.has(id)) return;
    // Most replays reported long ago no longer exist.
    if (this.toldReplays.size >= MOST_TOLD_REPLAYS) this.toldReplays.clear();
    this.toldReplays.add(id);
    this.hooks.onReplayStopped?.(path, id);
  }

  private limitedQueues(path: string): LimitedQueue[] {
    const limits = this.limits.get(path);
    if (limits === undefined) return [];
    const { maxAgeMs, maxCount, groups } = limits;
    const keys = this.keys.route(path);
    return groups.map((group) => ({ path, group, dead: keys.dead(group), maxAgeMs, maxCount }));
  }

  private retentionOf(path: string): [kind: string, amount: number] {
    const retention = this.retentions.get(path) ?? this.options.retention;
    return 'count' in retention ? ['count', retention.count] : ['age', retention.ageMs];
  }
}
