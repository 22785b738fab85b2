import { performance } from 'node:perf_hooks';

/**
 * Deadlines of the running deliveries of one route. All have the same length, so they pass in the order in which they
 * were set, and one timer is enough.
 */
export class Timeouts<T> {
  private readonly deadlines = new Map<T, number>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly timeoutMs: number,
    private readonly onTimeout: (item: T) => void,
  ) {}

  add(item: T): void {
    this.deadlines.set(item, performance.now() + this.timeoutMs);
    this.timer ??= this.arm(this.timeoutMs);
  }

  delete(item: T): void {
    this.deadlines.delete(item);
    if (this.deadlines.size > 0) return;
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private arm(inMs: number): NodeJS.Timeout {
    return setTimeout(() => this.expire(), Math.ceil(inMs));
  }

  private expire(): void {
    this.timer = undefined;
    const now = performance.now();
    for (const [item, deadline] of this.deadlines) {
      if (deadline > now) {
        // The timeout's listener may have added an item, and with it a timer.
        clearTimeout(this.timer);
        this.timer = this.arm(deadline - now);
        return;
      }
      this.deadlines.delete(item);
      this.onTimeout(item);
    }
  }
}
