import { performance } from 'node:perf_hooks';

import { isMissingGroup, isTransient } from '../../redis/index.js';
import type { Subscription } from '../route/subscription.js';

const PAUSE_MS = 1_000;

export interface AsideHooks {
  /** Reports that a route may be tried again. */
  onOver: (subscription: Subscription) => void;
  onFault: (error: unknown) => void;
  isStopping: () => boolean;
}

/** Routes whose keys Redis refuses (another type, no permission), left alone for a while: waiting may not cure them. */
export class Aside {
  /** End of the pause of each route, monotonic ms. */
  private readonly until = new Map<Subscription, number>();

  constructor(private readonly hooks: AsideHooks) {}

  has(subscription: Subscription): boolean {
    const until = this.until.get(subscription);
    return until !== undefined && until > performance.now();
  }

  /**
   * Runs `act` for all routes together; if that is refused, for each alone, so that one does not hold up the others.
   *
   * @throws faults that concern all routes: temporary ones, and missing groups
   */
  async together(
    subscriptions: readonly Subscription[],
    act: (some: readonly Subscription[]) => Promise<unknown>,
  ): Promise<void> {
    try {
      await act(subscriptions);
    } catch (error) {
      const [first] = subscriptions;
      if (isTransient(error) || isMissingGroup(error) || first === undefined) throw error;
      if (this.hooks.isStopping()) return;
      if (subscriptions.length > 1) {
        for (const each of subscriptions) await this.together([each], act);
        return;
      }
      this.put(first);
      this.hooks.onFault(error);
    }
  }

  private put(subscription: Subscription): void {
    this.until.set(subscription, performance.now() + PAUSE_MS);
    setTimeout(() => this.hooks.onOver(subscription), PAUSE_MS + 1).unref();
  }
}
