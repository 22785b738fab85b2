import type { Subscription } from '../route/subscription.js';

/**
 * Routes with events since they were last served: with hundreds of routes, visiting all of them for each message would
 * cost more than the message.
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

  /** Returns the waiting routes; they count as served from now on. */
  take(): Iterable<Subscription> {
    const taken = this.wanting;
    this.wanting = new Set();
    return taken;
  }
}
