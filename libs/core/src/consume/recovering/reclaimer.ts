import { performance } from 'node:perf_hooks';

import { BrokerRefusedError } from '../../errors.js';
import { displayPath, type InFlight } from '../../message/index.js';
import { isMissingGroup, isTransient } from '../../redis/index.js';
import type { ConsumerContext } from '../route/context.js';
import { BareRoutes } from './bare-routes.js';
import type { PendingCursor, Reclaimed } from './takeover-scripts.js';
import type { Subscription } from '../route/subscription.js';
import { SuspectTaker } from './suspect-taker.js';
import {
  BEGINNING,
  isWhole,
  MAX_CALLS,
  ROUTES_PER_CALL,
  Takeover,
  WHOLE,
  type Look,
  type TakeoverHooks,
} from './takeover.js';

export interface ReclaimHooks extends TakeoverHooks {
  /** Reports deliveries that were taken over, or a suspect. */
  onReclaimed: (subscription: Subscription, found: Reclaimed) => void;
  onFault: (error: unknown) => void;
}

/**
 * Looks for deliveries whose leases nobody renews and takes over as many as there is room for: every third of the
 * lease, and again as soon as a slot is free while more are waiting. Skips a route with nothing pending until a
 * delivery there could be stale.
 */
export class Reclaimer {
  private timer: NodeJS.Timeout | undefined;
  private visiting: Promise<void> | undefined;
  /** Position at which to continue, for routes where stale deliveries wait for room. */
  private readonly cursors = new Map<Subscription, PendingCursor>();
  /** Reason why a route cannot be examined; reported once while it lasts. */
  private readonly problems = new Map<Subscription, string>();
  /** Set while a suspect runs alone. */
  paused = false;

  private stopListening: (() => void) | undefined;
  private readonly bare: BareRoutes;
  private readonly takeover: Takeover;
  private readonly suspects: SuspectTaker;

  constructor(
    private readonly context: ConsumerContext,
    private readonly subscriptions: ReadonlySet<Subscription>,
    private readonly hooks: ReclaimHooks,
  ) {
    this.bare = new BareRoutes(context.options.leaseMs);
    this.takeover = new Takeover(context, subscriptions, {
      ...hooks,
      onClockStep: (stepMs) => {
        this.bare.forget();
        hooks.onClockStep?.(stepMs);
      },
    });
    this.suspects = new SuspectTaker(context, this.takeover);
  }

  start(): void {
    this.stopListening = this.context.command.onEveryReady(() => this.bare.forget());
    this.schedule();
  }

  /** Resolves when no takeover is running any more. */
  async stop(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.stopListening?.();
    this.paused = true;
    await this.visiting;
  }

  /** Continues on a route with freed slots where the last call had no room for stale deliveries. */
  async more(subscription: Subscription): Promise<void> {
    if (this.visiting !== undefined || this.paused || !this.context.command.ready) return;
    subscription.hasStaleLeft = false;
    if (subscription.isOff) return;
    this.visiting = this.takeMore(subscription).finally(() => {
      this.visiting = undefined;
    });
    await this.visiting;
  }

  private async takeMore(subscription: Subscription): Promise<void> {
    try {
      const from = this.cursors.get(subscription) ?? BEGINNING;
      const look = { subscription, ...from };
      const [found] = await this.takeover.call(
        [look],
        'normal',
        'take',
        ({ freeSlots }) => freeSlots,
      );
      if (found === undefined) return;
      subscription.hasStaleLeft = !isWhole(found.next);
      if (isWhole(found.next)) this.cursors.delete(subscription);
      else this.cursors.set(subscription, found.next);
      if (found.taken.length > 0 || subscription.hasStaleLeft) {
        this.hooks.onReclaimed(subscription, { ...found, suspects: 0 });
      }
    } catch (error) {
      if (!isMissingGroup(error)) this.hooks.onFault(error);
    }
  }

  /** Takes suspects of the route, to run with nothing else in flight; an empty list when none is left. */
  takeSuspects(subscription: Subscription, most: number): Promise<InFlight<Subscription>[]> {
    return this.suspects.take(subscription, most);
  }

  private schedule(): void {
    const everyMs = this.context.options.leaseMs / 3;
    // Jitter keeps the processes of a group from looking all at once.
    this.timer = setTimeout(
      () => {
        const due = this.bare.worthALook([...this.subscriptions], performance.now());
        void this.visit(due).finally(() => {
          if (this.timer !== undefined) this.schedule();
        });
      },
      everyMs * (0.9 + Math.random() * 0.2),
    );
  }

  /**
   * Examines these routes now.
   *
   * @param room returns how many deliveries of a route may be taken. @default its free slots
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
    for (const some of chunks(byMaxCrashes(subscriptions), ROUTES_PER_CALL)) {
      try {
        await this.takeover.restampIfDue();
        await this.takeStaleOf(some, room);
      } catch (error) {
        if (!isMissingGroup(error)) this.hooks.onFault(error);
        if (isTransient(error)) return;
      }
    }
  }

  /** Takes as many as there is room for and notes the rest, call by call. */
  private async takeStaleOf(
    subscriptions: readonly Subscription[],
    room: (subscription: Subscription) => number,
  ): Promise<void> {
    let looks: Look[] = subscriptions.map((subscription) => ({ subscription, ...BEGINNING }));
    const left = new Map(subscriptions.map((each) => [each, room(each)]));
    const roomLeft = (subscription: Subscription): number => left.get(subscription) ?? 0;
    for (const { subscription } of looks) {
      subscription.hasStaleLeft = false;
      this.cursors.delete(subscription);
    }
    for (let call = 0; call < MAX_CALLS && looks.length > 0 && !this.paused; call += 1) {
      const sentAt = performance.now();
      const found = await this.takeover.call(looks, 'normal', 'look', roomLeft);
      found.forEach((each, index) => {
        const { subscription } = looks[index] as Look;
        this.bare.note(subscription, each.isBare, sentAt);
        left.set(subscription, Math.max(0, roomLeft(subscription) - each.taken.length));
        this.noteProblem(subscription, each.problem);
        if (each.left > 0) subscription.hasStaleLeft = true;
        // The rest may have room now.
        if (each.taken.length > 0 || each.suspects > 0 || each.left > 0) {
          this.hooks.onReclaimed(subscription, each);
        }
      });
      looks = looks
        .map(({ subscription }, index) => ({ subscription, ...(found[index]?.next ?? WHOLE) }))
        .filter((look) => !isWhole(look));
    }
    // There are more stale deliveries than the calls could examine.
    for (const { subscription } of looks) subscription.hasStaleLeft = true;
  }

  private noteProblem(subscription: Subscription, problem: string): void {
    if (problem === '') {
      this.problems.delete(subscription);
    } else if (this.problems.get(subscription) !== problem) {
      this.problems.set(subscription, problem);
      this.hooks.onFault(refusedLook(subscription, problem));
    }
  }
}

function refusedLook({ path }: Subscription, problem: string): BrokerRefusedError {
  return new BrokerRefusedError(
    `Redis refused a look for stale deliveries of "${displayPath(path)}": ${problem}`,
    {},
  );
}

/** Groups routes by their limit, because a call has only one. */
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
