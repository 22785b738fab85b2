import { performance } from 'node:perf_hooks';

import type { Claim, InFlight } from '../../message/index.js';
import type { ConsumerContext } from '../route/context.js';
import { beginSuspectScript } from './takeover-scripts.js';
import type { Subscription } from '../route/subscription.js';
import { BEGINNING, isWhole, MAX_CALLS, type Takeover, type TakeoverMode } from './takeover.js';

type SuspectMode = Exclude<TakeoverMode, 'normal'>;

/** Takes over messages that must run alone, and counts each as started. */
export class SuspectTaker {
  constructor(
    private readonly context: ConsumerContext,
    private readonly takeover: Takeover,
  ) {}

  /**
   * Takes suspects of the route, to run with nothing else in flight; an empty list when none is left. A suspect that was
   * in a crash among other suspects comes alone.
   */
  async take(subscription: Subscription, most: number): Promise<InFlight<Subscription>[]> {
    if (subscription.isOff) return [];
    const suspects = await this.takeOf(subscription, 'suspect', most);
    return suspects.length > 0 ? suspects : this.takeOf(subscription, 'lone', 1);
  }

  /** Throws only if no suspect could be started: started suspects count as run, and their leases are renewed. */
  private async takeOf(
    subscription: Subscription,
    mode: SuspectMode,
    most: number,
  ): Promise<InFlight<Subscription>[]> {
    const { mayHoldSuspect } = subscription;
    // Set until the result for each is known.
    subscription.mayHoldSuspect = true;
    const taken = await this.takeFirst(subscription, mode, most);
    const begun = await Promise.allSettled(
      taken.map((claim) => this.beginSuspect(subscription, claim)),
    );
    const suspects = begun
      .map((each) => (each.status === 'fulfilled' ? each.value : undefined))
      .filter((each) => each !== undefined);
    const failed = begun.find((each) => each.status === 'rejected');
    if (failed === undefined) subscription.mayHoldSuspect = mayHoldSuspect;
    else if (suspects.length === 0) throw failed.reason;
    return suspects;
  }

  /** Returns the first suspects, however many other stale deliveries come before them. */
  private async takeFirst(
    subscription: Subscription,
    mode: SuspectMode,
    most: number,
  ): Promise<readonly Claim[]> {
    let from = BEGINNING;
    for (let call = 0; call < MAX_CALLS; call += 1) {
      const [found] = await this.takeover.call(
        [{ subscription, ...from }],
        mode,
        'take',
        () => most,
      );
      if (found === undefined || found.taken.length > 0 || isWhole(found.next)) {
        return found?.taken ?? [];
      }
      from = found.next;
    }
    return [];
  }

  private async beginSuspect(
    subscription: Subscription,
    claim: Claim,
  ): Promise<InFlight<Subscription> | undefined> {
    const { command, group, consumer, options } = this.context;
    const { source, entryId, deliveries } = claim;
    const stream = subscription.streamOf(source);
    let sentAt = 0;
    // Retry: Redis may already have counted this start. Giving up would blame the message for a crash it did not cause.
    const begun = await command.runWithin(options.leaseMs, (client) => {
      sentAt = performance.now();
      return beginSuspectScript.run(client, { stream }, { group, consumer, entryId, deliveries });
    });
    if (begun === 'lost') return undefined;
    return subscription.admit({ ...claim, deliveries: deliveries + 1 }, sentAt + options.leaseMs);
  }
}
