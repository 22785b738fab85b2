import { performance } from 'node:perf_hooks';

/** Time without use, at least once and at most twice, after which a route is left to others, in ms. */
const FORGET_MS = 3_600_000;

/** Routes that this process has sent to lately, in two generations; those that it handles are always in use. */
export class UsedRoutes {
  private lately = new Set<string>();
  private before = new Set<string>();
  private readonly handled = new Set<string>();
  /** Monotonic ms. */
  private turnedAt = performance.now();

  /** Records a use; called for each message. */
  note(path: string): void {
    this.lately.add(path);
  }

  handle(path: string): void {
    this.handled.add(path);
  }

  /** Returns true when this process may stop looking after the route. */
  isUnused(path: string): boolean {
    const now = performance.now();
    if (now - this.turnedAt > FORGET_MS) {
      this.turnedAt = now;
      this.before = this.lately;
      this.lately = new Set();
    }
    return !(this.handled.has(path) || this.lately.has(path) || this.before.has(path));
  }
}
