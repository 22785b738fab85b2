import { performance } from 'node:perf_hooks';

import { uniqueId } from '../message/index.js';
import { defineScript, lua } from '../redis/index.js';
import type { ConsumerContext } from './context.js';
import type { RateLimit } from './options.js';

const permitsScript = defineScript({
  lua: lua.permitsLua,
  keys: ['rate'],
  args: ['count', 'perMs', 'wanted', 'name'],
  reply: (raw) => {
    const [granted, waitMs] = raw as [number, number];
    return { granted, waitMs };
  },
});

const RETRY_MS = 100;
// A permit that a pause has kept from being used would add to those of a later period.
const USE_WITHIN_MS = 100;

/** Permits to begin deliveries, asked for in Redis as they are needed. */
export class RateLimiter {
  private permits = 0;
  private grantedAt = 0;
  private stopped = false;
  private asking = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly limit: RateLimit,
    private readonly key: string,
    private readonly context: ConsumerContext,
    private readonly onGranted: () => void,
  ) {}

  /** Uses a permit up, if there is one. */
  take(): boolean {
    if (performance.now() - this.grantedAt > USE_WITHIN_MS) this.permits = 0;
    if (this.permits === 0) return false;
    this.permits -= 1;
    return true;
  }

  /** Asks for permits, unless that is under way; `onGranted` tells when there are some. */
  ask(wanted: number): void {
    if (this.asking || wanted <= 0) return;
    this.asking = true;
    const { count, perMs } = this.limit;
    permitsScript
      .run(
        this.context.command.client,
        { rate: this.key },
        { count, perMs, wanted: Math.min(wanted, count), name: uniqueId() },
      )
      .then(
        ({ granted, waitMs }) => {
          this.permits = granted;
          this.grantedAt = performance.now();
          this.later(granted > 0 ? 0 : waitMs);
        },
        () => this.later(RETRY_MS),
      );
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private later(waitMs: number): void {
    const done = (): void => {
      this.asking = false;
      this.onGranted();
    };
    if (waitMs === 0) done();
    else if (!this.stopped) this.timer = setTimeout(done, waitMs);
  }
}
