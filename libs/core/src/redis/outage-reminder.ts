import { performance } from 'node:perf_hooks';

import { inOwnContext } from '../own-context.js';

// Soon enough for whoever looks at a log during an outage, and few lines in a long one.
const FIRST_MS = 30_000;
const LONGEST_MS = 300_000;

/** Says again that an outage lasts: after half a minute, then at twice the time, and every five minutes at last. */
export class OutageReminder {
  private timer: NodeJS.Timeout | undefined;
  private since = 0;
  private reminded = false;

  /** @param now monotonic ms */
  constructor(
    private readonly remind: (downMs: number) => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Whether it was said of the outage that there is, or of the last one, that it lasts. */
  get hasReminded(): boolean {
    return this.reminded;
  }

  /** An outage has begun. */
  begin(): void {
    this.end();
    this.reminded = false;
    this.since = this.now();
    this.arm(FIRST_MS);
  }

  /** @returns how long the outage lasted, ms */
  end(): number {
    clearTimeout(this.timer);
    this.timer = undefined;
    return this.now() - this.since;
  }

  private arm(inMs: number): void {
    this.timer = inOwnContext(() =>
      setTimeout(() => {
        this.arm(Math.min(inMs * 2, LONGEST_MS));
        this.reminded = true;
        this.remind(this.now() - this.since);
      }, inMs),
    );
    // It has nothing to say to a process that has nothing else to do.
    this.timer.unref();
  }
}
