import type { Subscription } from '../route/subscription.js';

/**
 * Routes on which a look found nothing pending. A delivery that begins after it becomes stale one lease later at the
 * earliest: an earlier look cannot find anything.
 */
export class BareRoutes {
  private readonly seenAt = new Map<Subscription, number>();

  constructor(private readonly leaseMs: number) {}

  /** Records the result of a look that was sent at `sentAt`, monotonic ms. */
  note(subscription: Subscription, isBare: boolean, sentAt: number): void {
    if (isBare) this.seenAt.set(subscription, sentAt);
    else this.seenAt.delete(subscription);
  }

  /**
   * Returns the routes where something may be stale, or else one of them: each look also shows whether the server's clock was
   * set.
   *
   * @param now monotonic ms
   */
  worthALook(subscriptions: readonly Subscription[], now: number): readonly Subscription[] {
    const due = subscriptions.filter(
      (each) => now - (this.seenAt.get(each) ?? -Infinity) >= this.leaseMs,
    );
    return due.length > 0 ? due : subscriptions.slice(0, 1);
  }

  /** Forgets all looks: after a change of the server's clock or history they prove nothing. */
  forget(): void {
    this.seenAt.clear();
  }
}
