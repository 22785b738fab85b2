import { performance } from 'node:perf_hooks';

import { inOwnContext } from '../own-context.js';

// With a longer delay, setTimeout fires at once.
const LONGEST_MS = 2 ** 31 - 1;

/** Monotonic ms. */
interface Look {
  readonly at: number;
  /** Monotonic ms from which the route may be examined together with others. */
  readonly from: number;
}

/**
 * Times at which routes must be examined next, with one timer for all. When one is due, routes that may come early are
 * examined with it, so that few calls serve many routes.
 */
export class DueTimes {
  /** Undefined while nothing is planned. */
  private readonly times = new Map<string, Look | undefined>();
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

  /**
   * Plans to examine the route in `inMs`, or earlier if an earlier time was already planned.
   *
   * @param spareMs how much earlier it may be examined together with another route, in ms
   */
  noLaterThan(path: string, inMs: number, spareMs = 0): void {
    if (this.stopped) return;
    const at = performance.now() + inMs;
    if (at >= (this.times.get(path)?.at ?? Infinity)) return;
    this.times.set(path, { at, from: at - spareMs });
    this.arm(at);
  }

  /** Stops examining the route. */
  forget(path: string): void {
    this.times.delete(path);
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private arm(at: number): void {
    if (this.stopped || at >= this.timerAt) return;
    clearTimeout(this.timer);
    this.timerAt = at;
    // A timer that fires too early finds nothing due, and is set again.
    const inMs = Math.min(LONGEST_MS, Math.max(0, Math.ceil(at - performance.now())));
    this.timer = inOwnContext(() => setTimeout(() => this.fire(), inMs));
  }

  private fire(): void {
    this.timerAt = Infinity;
    const now = performance.now();
    const due: string[] = [];
    const along: string[] = [];
    for (const [path, look] of this.times) {
      if (look === undefined) continue;
      if (look.at <= now) due.push(path);
      else if (look.from <= now) along.push(path);
    }
    // A timer that fired before any route was due brings no others forward.
    if (due.length === 0) return this.armNext();
    due.push(...along);
    for (const path of due) this.times.set(path, undefined);
    this.armNext();
    this.onDue(due);
  }

  private armNext(): void {
    let next = Infinity;
    for (const look of this.times.values()) {
      if (look !== undefined && look.at < next) next = look.at;
    }
    if (next < Infinity) this.arm(next);
  }
}
