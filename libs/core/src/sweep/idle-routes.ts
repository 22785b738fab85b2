import { performance } from 'node:perf_hooks';

import type { Connection, Keys } from '../redis/index.js';

// One command may look up this many keys without holding up other clients.
const ROUTES_PER_LOOK = 50;

/**
 * Routes on which a sweep found nothing to do and nothing new. Of thousands of routes, most are idle: one command
 * checks many of them for anything scheduled or about to expire, and the sweep of each is put off.
 */
export class IdleRoutes {
  private readonly idle = new Map<string, { readonly state: string; readonly until: number }>();
  private readonly states = new Map<string, string>();

  /** @param forMs how long the sweep of an idle route may be put off, in ms */
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
    else this.idle.set(path, { state, until: performance.now() + this.forMs });
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
