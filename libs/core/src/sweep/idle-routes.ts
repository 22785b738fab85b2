import { performance } from 'node:perf_hooks';

import type { Connection, Keys } from '../redis/index.js';

// One command may look up this many keys without holding up other clients.
const ROUTES_PER_LOOK = 50;

interface IdleRoute {
  readonly state: string;
  /** Postponement of the sweep, in ms. */
  readonly forMs: number;
  /** Monotonic ms. */
  readonly until: number;
}

// A route that has long been idle usually stays idle.
const GROWTH = 2;
const LONGEST_GROWTH = 5;

/**
 * Routes on which a sweep found nothing to do and nothing new. Of thousands of routes, most are idle: one command
 * checks many of them for anything scheduled or about to expire, and the sweep of each is put off, longer each time it
 * finds nothing again.
 */
export class IdleRoutes {
  private readonly idle = new Map<string, IdleRoute>();
  private readonly states = new Map<string, string>();

  /** @param forMs first postponement of the sweep of an idle route, in ms; it grows to five times as long */
  constructor(
    private readonly connection: Connection,
    private readonly keys: Keys,
    private readonly forMs: number,
  ) {}

  /** Records the result of a sweep. @param isQuiet true when there was nothing to do and nothing is planned */
  note(path: string, state: string, isQuiet: boolean): void {
    const isSame = this.states.get(path) === state;
    this.states.set(path, state);
    if (!isQuiet || !isSame) this.idle.delete(path);
    else {
      const before = this.idle.get(path);
      const forMs = putOffMs(this.forMs, before?.forMs);
      this.idle.set(path, { state, forMs, until: performance.now() + forMs });
    }
  }

  /** Marks a route as active because this process has published to it or finished one of its messages. */
  wake(path: string): void {
    // Called for each message.
    if (this.idle.size > 0) this.idle.delete(path);
  }

  /** Returns true when this process has nothing to trim there: no groups, or another process keeps it tidy. */
  isLeftToOthers(path: string): boolean {
    return this.idle.get(path)?.state === '';
  }

  forget(path: string): void {
    this.idle.delete(path);
    this.states.delete(path);
  }

  /** Returns the routes that must be examined. */
  async awake(paths: readonly string[]): Promise<string[]> {
    const now = performance.now();
    const awake: string[] = [];
    const asleep: string[] = [];
    for (const path of paths) {
      const isAsleep = (this.idle.get(path)?.until ?? 0) > now;
      (isAsleep ? asleep : awake).push(path);
    }
    for (let from = 0; from < asleep.length; from += ROUTES_PER_LOOK) {
      const some = asleep.slice(from, from + ROUTES_PER_LOOK);
      const names = some.flatMap((path) => {
        const { schedule, ticks, expiry } = this.keys.route(path);
        return [schedule, ticks, expiry];
      });
      if ((await this.connection.client.exists(...names)) > 0) awake.push(...some);
    }
    return awake;
  }
}

/**
 * Returns how long the next look at an idle route is put off, in ms. Pure.
 *
 * @param firstMs the first postponement
 * @param beforeMs the last postponement; undefined if the route has just become idle
 */
export function putOffMs(firstMs: number, beforeMs: number | undefined): number {
  return beforeMs === undefined ? firstMs : Math.min(LONGEST_GROWTH * firstMs, GROWTH * beforeMs);
}
