import { performance } from 'node:perf_hooks';

/**
 * Calls back when the first of a lane's deadlines has passed. It goes on for the next sends: a timer for each would cost
 * as much as encoding them.
 */
export class DeadlineClock {
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly onDeadline: () => void) {}

  /**
   * Somebody waits, so that the process stays alive for it. A clock that runs already may ring too early, never too late:
   * deadlines only grow.
   *
   * @param deadline on the monotonic clock, ms
   */
  run(deadline: number): void {
    if (this.timer === undefined) this.set(deadline);
    else this.timer.ref();
  }

  /** Nobody waits: the process may end. */
  release(): void {
    this.timer?.unref();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private set(deadline: number): void {
    const inMs = Math.max(1, Math.ceil(deadline - performance.now()));
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.onDeadline();
    }, inMs);
  }
}
