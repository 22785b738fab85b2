import { performance } from 'node:perf_hooks';

import type { Claim, InFlight } from '../message/index.js';
import { isConnectionFault, isMissingGroup } from '../redis/index.js';
import type { ConsumerContext } from './context.js';
import { suspectFrom } from './options.js';
import { beginSuspectScript, reclaimScript, type Reclaimed } from './scripts.js';
import type { Subscription } from './subscription.js';

// Each costs the server two looks at a pending list.
const ROUTES_PER_CALL = 25;

export interface ReclaimHooks {
  /** Deliveries were taken over, or a suspect is there. */
  onReclaimed: (subscription: Subscription, found: Reclaimed) => void;
  /** The answer of a takeover was lost: deliveries may be ours that nobody here knows of. */
  onUncertain?: () => void;
  onFault: (error: unknown) => void;
}

/**
 * Looks for deliveries that nobody keeps alive any more and takes over what there is room for, every third of the lease
 * and again as soon as a slot is free while more are waiting.
 */
export class Reclaimer {
  private timer: NodeJS.Timeout | undefined;
  private visiting: Promise<void> | undefined;
  /** Paused while a suspect runs alone. */
  paused = false;

  constructor(
    private readonly context: ConsumerContext,
    private readonly subscriptions: ReadonlySet<Subscription>,
    private readonly hooks: ReclaimHooks,
  ) {}

  start(): void {
    this.schedule();
  }

  /** Resolves when nothing is taken over any more. */
  async stop(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.paused = true;
    await this.visiting;
  }

  /** Slots were freed on a route where stale deliveries wait for them. */
  async more(subscription: Subscription): Promise<void> {
    if (this.visiting !== undefined || this.paused) return;
    subscription.hasStaleLeft = false;
    await this.visit([subscription]);
  }

  /**
   * Takes suspects of the route, to be run with nothing else in flight; none when there is none left. What has brought
   * down a process among other suspects comes alone.
   */
  async takeSuspects(subscription: Subscription, most: number): Promise<InFlight<Subscription>[]> {
    if (subscription.isOff) return [];
    const suspects = await this.takeOf(subscription, 'suspect', most);
    return suspects.length > 0 ? suspects : this.takeOf(subscription, 'lone', 1);
  }

  /** Throws only if none of them could be begun with: those that were count as run, and are kept alive. */
  private async takeOf(
    subscription: Subscription,
    mode: 'suspect' | 'lone',
    most: number,
  ): Promise<InFlight<Subscription>[]> {
    const { mayHoldSuspect } = subscription;
    // Until it is known what became of each.
    subscription.mayHoldSuspect = true;
    const [found] = await this.reclaim([subscription], mode, () => most);
    const begun = await Promise.allSettled(
      (found?.taken ?? []).map((claim) => this.beginSuspect(subscription, claim)),
    );
    const suspects = begun
      .map((each) => (each.status === 'fulfilled' ? each.value : undefined))
      .filter((each) => each !== undefined);
    const failed = begun.find((each) => each.status === 'rejected');
    if (failed === undefined) subscription.mayHoldSuspect = mayHoldSuspect;
    else if (suspects.length === 0) throw failed.reason;
    return suspects;
  }

  private async beginSuspect(
    subscription: Subscription,
    claim: Claim,
  ): Promise<InFlight<Subscription> | undefined> {
    const { command, group, consumer, options } = this.context;
    const { source, entryId, deliveries } = claim;
    const stream = subscription.streamOf(source);
    let sentAt = 0;
    // Repeated, because it may count by now: given up here, it would be to blame for a crash that it had no part in.
    const begun = await command.runWithin(options.leaseMs, (client) => {
      sentAt = performance.now();
      return beginSuspectScript.run(client, { stream }, { group, consumer, entryId, deliveries });
    });
    if (begun === 'lost') return undefined;
    return subscription.admit({ ...claim, deliveries: deliveries + 1 }, sentAt + options.leaseMs);
  }

  private schedule(): void {
    const everyMs = this.context.options.leaseMs / 3;
    // Jitter keeps the processes of a group from looking all at once.
    this.timer = setTimeout(
      () => {
        void this.visit([...this.subscriptions]).finally(() => {
          if (this.timer !== undefined) this.schedule();
        });
      },
      everyMs * (0.9 + Math.random() * 0.2),
    );
  }

  /**
   * Looks at these routes now.
   *
   * @param room how many deliveries of a route may be taken; as many as it has free slots unless told
   */
  async visit(
    subscriptions: readonly Subscription[],
    room = (subscription: Subscription): number => subscription.freeSlots,
  ): Promise<void> {
    if (this.visiting !== undefined || this.paused || !this.context.command.ready) return;
    this.visiting = this.takeStale(
      subscriptions.filter(({ isOff }) => !isOff),
      room,
    ).finally(() => {
      this.visiting = undefined;
    });
    await this.visiting;
  }

  private async takeStale(
    subscriptions: readonly Subscription[],
    room: (subscription: Subscription) => number,
  ): Promise<void> {
    try {
      for (const some of chunks(byMaxCrashes(subscriptions), ROUTES_PER_CALL)) {
        const sentAt = performance.now();
        const found = await this.reclaim(some, 'normal', room);
        found.forEach((each, index) => {
          const subscription = some[index] as Subscription;
          for (const claim of each.taken) {
            subscription.accept(claim, sentAt + this.context.options.leaseMs);
          }
          subscription.hasStaleLeft = each.left > 0;
          // What is left may have got room meanwhile.
          if (each.taken.length > 0 || each.suspects > 0 || each.left > 0) {
            this.hooks.onReclaimed(subscription, each);
          }
        });
      }
    } catch (error) {
      if (!isMissingGroup(error)) this.hooks.onFault(error);
    }
  }

  private reclaim(
    subscriptions: readonly Subscription[],
    mode: 'normal' | 'suspect' | 'lone',
    room: (subscription: Subscription) => number,
  ): Promise<Reclaimed[]> {
    const { command, group, consumer, options } = this.context;
    const { maxCrashes } = (subscriptions[0] as Subscription).options;
    const found = reclaimScript.run(
      command.client,
      {},
      {
        group,
        consumer,
        leaseMs: options.leaseMs,
        confirmMs: Math.floor(options.leaseMs / 3),
        maxCrashes,
        suspectFrom: suspectFrom(maxCrashes),
        mode,
      },
      {
        keys: subscriptions.flatMap(({ keys }) => [keys.log, keys.inbox(group), keys.stale(group)]),
        args: subscriptions.map(room),
      },
    );
    return found.catch((error: unknown) => {
      if (isConnectionFault(error)) this.hooks.onUncertain?.();
      throw error;
    });
  }
}

/** One call knows one limit. */
function byMaxCrashes(subscriptions: readonly Subscription[]): Subscription[][] {
  const groups = new Map<number, Subscription[]>();
  for (const subscription of subscriptions) {
    const { maxCrashes } = subscription.options;
    groups.set(maxCrashes, [...(groups.get(maxCrashes) ?? []), subscription]);
  }
  return [...groups.values()];
}

function* chunks<T>(lists: readonly (readonly T[])[], size: number): Generator<readonly T[]> {
  for (const list of lists) {
    for (let from = 0; from < list.length; from += size) yield list.slice(from, from + size);
  }
}
