import { performance } from 'node:perf_hooks';

/** Counts in a window that begins with the first after the last one was over. */
export class RateWindow {
  private startedAt = -Infinity;
  private taken = 0;

  constructor(
    private readonly limit: { readonly count: number; readonly perMs: number },
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Takes a permit. Returns 0, or the wait until the next permit, in ms. */
  take(): number {
    const { count, perMs } = this.limit;
    const now = this.now();
    if (now - this.startedAt >= perMs) {
      this.startedAt = now;
      this.taken = 0;
    }
    if (this.taken >= count) return this.startedAt + perMs - now;
    this.taken += 1;
    return 0;
  }
}
