import { performance } from 'node:perf_hooks';

import type { Connection, Keys } from '../redis/index.js';

// As many keys as a command may look for without holding anybody up.
const ROUTES_PER_LOOK = 50;

/**
 * Routes on which a look found nothing to do, nor anything new since the look before. Most of thousands are: for these a
 * command for many routes asks whether anything has been scheduled, or may expire, and the look at each is put off.
 */
export class IdleRoutes {
  private readonly idle = new Map<string, { readonly state: string; readonly until: number }>();
  private readonly states = new Map<string, string>();

  /** @param forMs how long the look at an idle route may be put off */
  constructor(
    private readonly connection: Connection,
    private readonly keys: Keys,
    private readonly forMs: number,
  ) {}

  /** A look found the route like this. @param isQuiet there was nothing to do, and nothing is planned */
  note(path: string, state: string, isQuiet: boolean): void {
    const isSame = this.states.get(path) === state;
    this.states.set(path, state);
    if (!isQuiet || !isSame) this.idle.delete(path);
    else this.idle.set(path, { state, until: performance.now() + this.forMs });
  }

  /** Ends the idleness of a route that this process has published to or finished a message of. */
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
