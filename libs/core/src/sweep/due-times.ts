import { performance } from 'node:perf_hooks';

// setTimeout fires at once when it is told to wait longer.
const LONGEST_MS = 2 ** 31 - 1;

/**
 * When each route is to be looked at next, with one timer for all.
 */
export class DueTimes {
  private readonly times = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;
  private timerAt = Infinity;
  private stopped = false;

  constructor(private readonly onDue: (paths: readonly string[]) => void) {}

  get paths(): Iterable<string> {
    return this.times.keys();
  }

  has(path: string): boolean {
    return this.times.has(path);
  }

  /** Looks at the route in `inMs`, or earlier if that was planned already. */
  noLaterThan(path: string, inMs: number): void {
    const at = performance.now() + inMs;
    if (at >= (this.times.get(path) ?? Infinity)) return;
    this.times.set(path, at);
    this.arm(at);
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private arm(at: number): void {
    if (this.stopped || at >= this.timerAt) return;
    clearTimeout(this.timer);
    this.timerAt = at;
    // A look that comes too early finds nothing due, and waits again.
    const inMs = Math.min(LONGEST_MS, Math.max(0, Math.ceil(at - performance.now())));
    this.timer = setTimeout(() => this.fire(), inMs);
  }

  private fire(): void {
    this.timerAt = Infinity;
    const now = performance.now();
    const due: string[] = [];
    let next = Infinity;
    for (const [path, at] of this.times) {
      if (at <= now) {
        due.push(path);
        this.times.set(path, Infinity);
      } else if (at < next) {
        next = at;
      }
    }
    if (next < Infinity) this.arm(next);
    if (due.length > 0) this.onDue(due);
  }
}
