import { BrokerRefusedError } from '../../errors.js';
import { displayPath, type InFlight } from '../../message/index.js';
import { isMissingGroup, isTransient } from '../../redis/index.js';
import type { ConsumerContext } from '../route/context.js';
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
  /** Deliveries were taken over, or a suspect is there. */
  onReclaimed: (subscription: Subscription, found: Reclaimed) => void;
  onFault: (error: unknown) => void;
}

/**
 * Looks for deliveries that nobody keeps alive any more and takes over what there is room for, every third of the lease
 * and again as soon as a slot is free while more are waiting.
 */
export class Reclaimer {
  private timer: NodeJS.Timeout | undefined;
  private visiting: Promise<void> | undefined;
  /** Where taking goes on, on routes where stale deliveries wait for room. */
  private readonly cursors = new Map<Subscription, PendingCursor>();
  /** Why a route cannot be looked at; told once for as long as it lasts. */
  private readonly problems = new Map<Subscription, string>();
  /** Paused while a suspect runs alone. */
  paused = false;

  private readonly takeover: Takeover;
  private readonly suspects: SuspectTaker;

  constructor(
    private readonly context: ConsumerContext,
    private readonly subscriptions: ReadonlySet<Subscription>,
    private readonly hooks: ReclaimHooks,
  ) {
    this.takeover = new Takeover(context, subscriptions, hooks);
    this.suspects = new SuspectTaker(context, this.takeover);
  }

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

  /** Slots were freed on a route where stale deliveries wait for them: goes on where the last call had no room. */
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

  /** Takes suspects of the route, to be run with nothing else in flight; none when there is none left. */
  takeSuspects(subscription: Subscription, most: number): Promise<InFlight<Subscription>[]> {
    return this.suspects.take(subscription, most);
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

  /** Takes what there is room for and notes the rest, call by call. */
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
      const found = await this.takeover.call(looks, 'normal', 'look', roomLeft);
      found.forEach((each, index) => {
        const { subscription } = looks[index] as Look;
        left.set(subscription, Math.max(0, roomLeft(subscription) - each.taken.length));
        this.noteProblem(subscription, each.problem);
        if (each.left > 0) subscription.hasStaleLeft = true;
        // What is left may have got room meanwhile.
        if (each.taken.length > 0 || each.suspects > 0 || each.left > 0) {
          this.hooks.onReclaimed(subscription, each);
        }
      });
      looks = looks
        .map(({ subscription }, index) => ({ subscription, ...(found[index]?.next ?? WHOLE) }))
        .filter((look) => !isWhole(look));
    }
    // More is stale than could be looked at.
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
