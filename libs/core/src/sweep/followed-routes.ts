import { performance } from 'node:perf_hooks';

/**
 * Routes whose schedule this process follows although somebody else keeps them tidy: who has scheduled something looks
 * when it is due, because the other may not know of it yet.
 */
export class FollowedRoutes {
  /** Until when at least, monotonic ms. */
  private readonly until = new Map<string, number>();

  has(path: string): boolean {
    return this.until.has(path);
  }

  follow(path: string, forMs: number): void {
    const until = performance.now() + forMs;
    this.until.set(path, Math.max(until, this.until.get(path) ?? 0));
  }

  /** Nothing was scheduled there a moment ago. */
  foundEmpty(path: string): void {
    // What was scheduled since then is not due yet.
    if ((this.until.get(path) ?? Infinity) < performance.now()) this.until.delete(path);
  }
}
