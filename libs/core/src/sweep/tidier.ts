import type { DeadReason } from '../message/index.js';
import type { Connection, Keys, RegisteredRoute } from '../redis/index.js';
import type { Retention, SweepOptions } from './options.js';
import { expireScript, limitDeadScript, trimScript, type DroppedDeadLetter } from './scripts.js';

/** A dead letter that was dropped, because dead letters are limited by choice. */
export interface DeadLetterDrop extends DroppedDeadLetter {
  readonly path: string;
  readonly group: string;
  readonly reason: DeadReason | undefined;
}

export interface TidierHooks {
  onTrimmed?: (path: string, count: number) => void;
  onDeadLetterDropped?: (drop: DeadLetterDrop) => void;
}

interface Limits {
  readonly maxAgeMs: number | '';
  readonly maxCount: number | '';
  readonly groups: readonly string[];
}

export const EXPIRED_PER_CALL = 200;
const DROPPED_PER_CALL = 100;
// Far longer than any living consumer goes without a read.
const CONSUMER_IDLE_MS = 10 * 60_000;

/** Frees what routes need no longer: what has expired, what is finished, dead letters beyond their limits. */
export class Tidier {
  private readonly retentions = new Map<string, Retention>();
  private readonly limits = new Map<string, Limits>();

  constructor(
    private readonly connection: Connection,
    private readonly keys: Keys,
    private readonly options: Pick<SweepOptions, 'retention'>,
    private readonly hooks: TidierHooks,
  ) {}

  /** The registry has changed: a route's own settings go before the defaults. */
  onRegistry(routes: readonly RegisteredRoute[]): void {
    this.retentions.clear();
    this.limits.clear();
    for (const { path, settings, groups, removedGroups, formerGroups } of routes) {
      const { retention, deadLetters } = settings;
      if (retention !== undefined) this.retentions.set(path, retention);
      if (deadLetters === undefined) continue;
      const { maxAgeMs = '', maxCount = '' } = deadLetters;
      const names = [...groups.map(({ group }) => group), ...removedGroups, ...formerGroups];
      this.limits.set(path, { maxAgeMs, maxCount, groups: names });
    }
  }

  /** Ends the wait of some messages whose time to live has passed. Returns how many. */
  async expire(path: string): Promise<number> {
    const { log } = this.keys.route(path);
    return expireScript.run(this.connection.client, { log }, { limit: EXPIRED_PER_CALL });
  }

  /** Trims what every group has finished. For each route, how much it was and whether there is more. */
  async trim(paths: readonly string[]): Promise<{ trimmed: number; hasMore: boolean }[]> {
    if (paths.length === 0) return [];
    const results = await trimScript.run(
      this.connection.client,
      {},
      { consumerIdleMs: CONSUMER_IDLE_MS },
      {
        keys: paths.map((path) => this.keys.route(path).log),
        args: paths.flatMap((path) => this.retentionOf(path)),
      },
    );
    results.forEach(({ trimmed }, index) => {
      if (trimmed > 0) this.hooks.onTrimmed?.(paths[index] as string, trimmed);
    });
    return results;
  }

  /** Drops the oldest dead letters beyond the limits of the route, and tells of each. */
  async limitDeadLetters(path: string): Promise<void> {
    const limits = this.limits.get(path);
    if (limits === undefined) return;
    const { maxAgeMs, maxCount, groups } = limits;
    const args = { maxAgeMs, maxCount, limit: DROPPED_PER_CALL };
    for (const group of groups) {
      for (;;) {
        const dead = this.keys.route(path).dead(group);
        const dropped = await limitDeadScript.run(this.connection.client, { dead }, args);
        for (const each of dropped) this.hooks.onDeadLetterDropped?.({ ...each, path, group });
        if (dropped.length < DROPPED_PER_CALL) break;
      }
    }
  }

  private retentionOf(path: string): [kind: string, amount: number] {
    const retention = this.retentions.get(path) ?? this.options.retention;
    return 'count' in retention ? ['count', retention.count] : ['age', retention.ageMs];
  }
}
