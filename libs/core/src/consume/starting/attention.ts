import type { Subscription } from '../route/subscription.js';

/**
 * Which routes something has happened to since they were served last: with hundreds of routes, walking over all of them
 * for each message would cost more than the message.
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

  /** Those that want it; they count as served from now on. */
  take(): Iterable<Subscription> {
    const taken = this.wanting;
    this.wanting = new Set();
    return taken;
  }
}
