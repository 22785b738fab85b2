import { performance } from 'node:perf_hooks';

import { inOwnContext } from '../own-context.js';

// Soon enough to appear in a log during an outage, yet only a few lines in a long one.
const FIRST_MS = 30_000;
const LONGEST_MS = 300_000;

/** Reports that an outage persists: after 30 seconds, then at doubling intervals up to five minutes. */
export class OutageReminder {
  private timer: NodeJS.Timeout | undefined;
  private since = 0;
  private reminded = false;

  /** @param now monotonic ms */
  constructor(
    private readonly remind: (downMs: number) => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** True when the current outage, or the last one, was reported. */
  get hasReminded(): boolean {
    return this.reminded;
  }

  /** Starts an outage. */
  begin(): void {
    this.end();
    this.reminded = false;
    this.since = this.now();
    this.arm(FIRST_MS);
  }

  /** Ends the outage and returns its length, in ms. */
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
    // The reminder alone must not keep the process alive.
    this.timer.unref();
  }
}
