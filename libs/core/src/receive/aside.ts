import { performance } from 'node:perf_hooks';

import type { Subscription } from './subscription.js';

const PAUSE_MS = 1_000;

/** Routes whose keys the server refuses (another type, no permission), left alone for a while: time may not cure it. */
export class Aside {
  /** Until when, monotonic ms. */
  private readonly until = new Map<Subscription, number>();

  constructor(private readonly onOver: (subscription: Subscription) => void) {}

  put(subscription: Subscription): void {
    this.until.set(subscription, performance.now() + PAUSE_MS);
    setTimeout(() => this.onOver(subscription), PAUSE_MS + 1).unref();
  }

  has(subscription: Subscription): boolean {
    const until = this.until.get(subscription);
    return until !== undefined && until > performance.now();
  }
}
