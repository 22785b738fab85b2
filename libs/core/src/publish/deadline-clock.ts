import { performance } from 'node:perf_hooks';

/**
 * Calls back when the first of a lane's deadlines has passed. It goes on for the next sends: a timer for each would cost
 * as much as encoding them.
 */
export class DeadlineClock {
  private timer: NodeJS.Timeout | undefined;
  private at = Infinity;

  constructor(private readonly onDeadline: () => void) {}

  /** When it rings at the latest, on the monotonic clock, ms; never when it does not run. */
  get ringsAt(): number {
    return this.at;
  }

  /**
   * Somebody waits, so that the process stays alive for it. A clock that runs already may ring too early, never too late.
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

  /** Nobody waits: the process may end. */
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
