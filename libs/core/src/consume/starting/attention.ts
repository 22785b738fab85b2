import type { Subscription } from '../route/subscription.js';

/**
 * Routes with events since they were last served. With hundreds of routes, visiting each of them for every message
 * would cost more than the message itself.
 */
export class Attention {
  private wanting = new Set<Subscription>();

  constructor(private readonly all: ReadonlySet<Subscription>) {}

  want(subscription: Subscription): void {
    this.wanting.add(subscription);
  }

  wantAll(): void {
    for (const subscription of this.all) this.wanting.add(subscription);
  }

  /** Returns the waiting routes and marks them as served. */
  take(): Iterable<Subscription> {
    const taken = this.wanting;
    this.wanting = new Set();
    return taken;
  }
}
