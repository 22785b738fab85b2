import { performance } from 'node:perf_hooks';

/**
 * Calls back when the first of a lane's deadlines has passed. Later sends reuse the running timer: a timer for each send
 * would cost as much as encoding it.
 */
export class DeadlineClock {
  private timer: NodeJS.Timeout | undefined;
  private at = Infinity;

  constructor(private readonly onDeadline: () => void) {}

  /** Latest time of the next callback, on the monotonic clock in ms; Infinity when the clock is stopped. */
  get ringsAt(): number {
    return this.at;
  }

  /**
   * Starts the clock and keeps the process alive. A clock that runs already may call back too early, but never too late.
   *
   * @param deadline on the monotonic clock, ms
   */
  run(deadline: number): void {
    if (this.timer !== undefined && deadline >= this.at) {
      this.timer.ref();
      return;
    }
    clearTimeout(this.timer);
    this.set(deadline);
  }

  /** Lets the process end: no send waits. */
  release(): void {
    this.timer?.unref();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.at = Infinity;
  }

  private set(deadline: number): void {
    this.at = deadline;
    const inMs = Math.max(1, Math.ceil(deadline - performance.now()));
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.at = Infinity;
      this.onDeadline();
    }, inMs);
  }
}
