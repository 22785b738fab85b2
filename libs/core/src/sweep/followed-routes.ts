import { performance } from 'node:perf_hooks';

/**
 * Routes whose schedule this process follows although another process keeps them tidy: a process that has scheduled
 * something sweeps when it is due, because the other may not know of it yet.
 */
export class FollowedRoutes {
  /** Earliest end of following each route, monotonic ms, by path. */
  private readonly until = new Map<string, number>();

  has(path: string): boolean {
    return this.until.has(path);
  }

  follow(path: string, forMs: number): void {
    const until = performance.now() + forMs;
    this.until.set(path, Math.max(until, this.until.get(path) ?? 0));
  }

  /** Stops following a route whose schedule was found empty a moment ago. */
  foundEmpty(path: string): void {
    // A send scheduled since then is not due yet, so its route is still followed.
    if ((this.until.get(path) ?? Infinity) < performance.now()) this.until.delete(path);
  }
}
