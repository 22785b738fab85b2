import { performance } from 'node:perf_hooks';

import { uniqueId } from '../../message/index.js';
import { defineScript, isTransient, lua } from '../../redis/index.js';
import type { ConsumerContext } from '../route/context.js';
import type { RateLimit } from '../route/options.js';

const permitsScript = defineScript({
  lua: lua.permitsLua,
  keys: ['rate'],
  args: [
    ...(['count', 'perMs', 'wanted', 'name', 'useWithinMs', 'mostUseWithinMs'] as const),
    ...(['lateName', 'lateFirst', 'lateLast'] as const),
  ],
  reply: (raw) => {
    const [granted, waitMs] = raw as [number, number];
    return { granted, waitMs };
  },
});

const RETRY_MS = 100;
// Waiting may not cure a refusal, such as a key of another type.
const FAULT_PAUSE_MS = 1_000;
// A permit counts until it expires: the longer that takes, the lower the rate. The time grows when replies take longer.
// Permits that came too late are returned with the next call; with a limit of one a minute, a minute would be lost.
const LEAST_USE_WITHIN_MS = 20;
const MOST_USE_WITHIN_MS = 2_000;

/**
 * Permits to start deliveries, requested from Redis as needed. They count from the time of the request: after a pause
 * of this process, its remaining permits would otherwise add to those of a later period.
 */
export class RateLimiter {
  private permits = 0;
  /** The latest call that requested permits, and how many of them were used. */
  private latest = { name: '', wanted: 0, used: 0 };
  /** Monotonic ms. */
  private usableUntil = 0;
  private useWithinMs = LEAST_USE_WITHIN_MS;
  private stopped = false;
  private asking = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly limit: RateLimit,
    private readonly key: string,
    private readonly context: ConsumerContext,
    private readonly hooks: {
      readonly onGranted: () => void;
      readonly onFault: (error: unknown) => void;
    },
  ) {}

  /** Uses a permit, if there is one. */
  take(): boolean {
    if (this.permits === 0) return false;
    if (performance.now() > this.usableUntil) {
      this.permits = 0;
      return false;
    }
    this.permits -= 1;
    this.latest.used += 1;
    return true;
  }

  /** Requests permits, unless a request is pending; `onGranted` reports new ones. */
  ask(wanted: number): void {
    if (this.asking || wanted <= 0) return;
    this.asking = true;
    const { count, perMs } = this.limit;
    const { useWithinMs } = this;
    // After a lost reply, returns all of that call.
    const late = this.latest;
    this.latest = { name: uniqueId(), wanted: Math.min(wanted, count), used: 0 };
    const { name } = this.latest;
    const askedAt = performance.now();
    permitsScript
      .run(
        this.context.command.client,
        { rate: this.key },
        {
          ...{ count, perMs, useWithinMs },
          ...{ name, wanted: this.latest.wanted },
          mostUseWithinMs: MOST_USE_WITHIN_MS,
          ...{ lateName: late.name, lateFirst: late.used + 1, lateLast: late.wanted },
        },
      )
      .then(
        ({ granted, waitMs }) => {
          this.permits = granted;
          this.usableUntil = askedAt + useWithinMs;
          this.adapt(performance.now() - askedAt);
          this.later(granted > 0 ? 0 : waitMs);
        },
        (error: unknown) => {
          if (!isTransient(error)) this.hooks.onFault(error);
          this.later(isTransient(error) ? RETRY_MS : FAULT_PAUSE_MS);
        },
      );
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  /** Doubles the time when replies come too late to be used, and shortens it gradually otherwise. */
  private adapt(tookMs: number): void {
    const fitting = tookMs * 2 > this.useWithinMs ? this.useWithinMs * 2 : this.useWithinMs * 0.9;
    this.useWithinMs = Math.round(
      Math.min(MOST_USE_WITHIN_MS, Math.max(LEAST_USE_WITHIN_MS, fitting)),
    );
  }

  private later(waitMs: number): void {
    const done = (): void => {
      this.asking = false;
      this.hooks.onGranted();
    };
    if (waitMs === 0) done();
    else if (!this.stopped) this.timer = setTimeout(done, waitMs);
  }
}
