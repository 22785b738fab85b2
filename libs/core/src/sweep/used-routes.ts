import { performance } from 'node:perf_hooks';

/** What was not used for so long, or for twice as long at most, is left to others, ms. */
const FORGET_MS = 3_600_000;

/** Routes that this process has sent to lately, in two generations; those that it handles are always in use. */
export class UsedRoutes {
  private lately = new Set<string>();
  private before = new Set<string>();
  private readonly handled = new Set<string>();
  /** Monotonic ms. */
  private turnedAt = performance.now();

  /** Called for each message. */
  note(path: string): void {
    this.lately.add(path);
  }

  handle(path: string): void {
    this.handled.add(path);
  }

  /** Whether nobody misses it when this process looks after the route no longer. */
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
