import { performance } from 'node:perf_hooks';

import { BrokerRefusedError } from '../errors.js';
import { displayPath, type Claim, type InFlight } from '../message/index.js';
import { isConnectionFault, isMissingGroup, isTransient } from '../redis/index.js';
import { ClockSteps } from './clock-steps.js';
import type { ConsumerContext } from './context.js';
import { suspectFrom } from './options.js';
import {
  beginSuspectScript,
  reclaimScript,
  restampScript,
  type PendingCursor,
  type Reclaimed,
} from './scripts.js';
import type { Subscription } from './subscription.js';

// Each costs the server two looks at a pending list.
const ROUTES_PER_CALL = 25;

export interface ReclaimHooks {
  /** Deliveries were taken over, or a suspect is there. */
  onReclaimed: (subscription: Subscription, found: Reclaimed) => void;
  /** The answer of a takeover was lost: deliveries may be ours that nobody here knows of. */
  onUncertain?: () => void;
  /** The server's clock was set, or another server answers whose clock differs. */
  onClockStep?: (stepMs: number) => void;
  onFault: (error: unknown) => void;
}

/** Where a call goes on with a route. */
interface Look extends PendingCursor {
  readonly subscription: Subscription;
}

type Mode = 'normal' | 'suspect' | 'lone';

// Of the bodies that a call takes over, which takes Redis a few milliseconds.
const MAX_BYTES = 2 * 1024 * 1024;
// So many calls look at what is stale of some routes; the rest is for the next visit.
const MAX_CALLS = 10;
const BEGINNING: PendingCursor = Object.freeze({ log: '', inbox: '' });

/**
 * Looks for deliveries that nobody keeps alive any more and takes over what there is room for, every third of the lease
 * and again as soon as a slot is free while more are waiting.
 */
export class Reclaimer {
  private timer: NodeJS.Timeout | undefined;
  private visiting: Promise<void> | undefined;
  /** Where taking goes on, on routes where stale deliveries wait for room. */
  private readonly cursors = new Map<Subscription, PendingCursor>();
  private readonly clockSteps = new ClockSteps();
  /** Deliveries may seem to have been given in the future. */
  private mustRestamp = true;
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
      const [found] = await this.reclaim([look], 'normal', 'take', ({ freeSlots }) => freeSlots);
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
    mode: Exclude<Mode, 'normal'>,
    most: number,
  ): Promise<InFlight<Subscription>[]> {
    const { mayHoldSuspect } = subscription;
    // Until it is known what became of each.
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

  /** The first such deliveries, however many others are stale before them. */
  private async takeFirst(
    subscription: Subscription,
    mode: Mode,
    most: number,
  ): Promise<readonly Claim[]> {
    let from = BEGINNING;
    for (let call = 0; call < MAX_CALLS; call += 1) {
      const [found] = await this.reclaim([{ subscription, ...from }], mode, 'take', () => most);
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
    for (const some of chunks(byMaxCrashes(subscriptions), ROUTES_PER_CALL)) {
      try {
        if (this.mustRestamp) await this.restamp();
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
      const found = await this.reclaim(looks, 'normal', 'look', roomLeft);
      found.forEach((each, index) => {
        const { subscription } = looks[index] as Look;
        left.set(subscription, Math.max(0, roomLeft(subscription) - each.taken.length));
        if (each.problem !== '') this.hooks.onFault(refusedLook(subscription, each.problem));
        if (each.left > 0) subscription.hasStaleLeft = true;
        // What is left may have got room meanwhile.
        if (each.taken.length > 0 || each.suspects > 0 || each.left > 0) {
          this.hooks.onReclaimed(subscription, each);
        }
      });
      looks = looks
        .map(({ subscription }, index) => ({ subscription, ...(found[index]?.next ?? DONE) }))
        .filter((look) => !isWhole(look));
    }
    // More is stale than could be looked at.
    for (const { subscription } of looks) subscription.hasStaleLeft = true;
  }

  /** What is taken is taken in, unless it is to be run alone. */
  private async reclaim(
    looks: readonly Look[],
    mode: Mode,
    how: 'look' | 'take',
    room: (subscription: Subscription) => number,
  ): Promise<readonly Reclaimed[]> {
    const { command, group, consumer, options, clock } = this.context;
    const { maxCrashes } = (looks[0] as Look).subscription.options;
    const { leaseMs } = options;
    const sentAt = performance.now();
    const { serverMs, found } = await reclaimScript
      .run(
        command.client,
        {},
        {
          ...{ group, consumer, leaseMs, maxCrashes, mode, how },
          confirmMs: Math.floor(leaseMs / 3),
          suspectFrom: suspectFrom(maxCrashes),
          maxBytes: MAX_BYTES,
        },
        {
          keys: looks.flatMap(({ subscription: { keys } }) => [
            ...[keys.log, keys.inbox(group), keys.stale(group)],
          ]),
          args: looks.flatMap(({ subscription, log, inbox }) => [room(subscription), log, inbox]),
        },
      )
      .catch((error: unknown) => {
        if (isConnectionFault(error)) this.hooks.onUncertain?.();
        throw error;
      });
    const stepMs = this.clockSteps.note(serverMs, sentAt, performance.now());
    clock.sync(serverMs, sentAt);
    if (stepMs !== 0) {
      this.mustRestamp ||= stepMs < 0;
      this.hooks.onClockStep?.(stepMs);
    }
    if (mode !== 'normal') return found;
    found.forEach(({ taken }, index) => {
      for (const claim of taken) looks[index]?.subscription.accept(claim, sentAt + leaseMs);
    });
    return found;
  }

  /** After the server's clock was set back, what was given before would be stale only when it has caught up. */
  private async restamp(): Promise<void> {
    const { command, group } = this.context;
    this.mustRestamp = false;
    try {
      const keys = [...this.subscriptions].flatMap((each) => [
        each.keys.log,
        each.keys.inbox(group),
      ]);
      for (let from = 0; from < keys.length; from += 2 * ROUTES_PER_CALL) {
        let streams = keys.slice(from, from + 2 * ROUTES_PER_CALL);
        let cursors = streams.map(() => '');
        while (streams.length > 0) {
          const next = await restampScript.run(
            command.client,
            {},
            { group },
            { keys: streams, args: cursors },
          );
          streams = streams.filter((_, index) => next[index] !== 'end');
          cursors = next.filter((cursor) => cursor !== 'end');
        }
      }
    } catch (error) {
      this.mustRestamp = true;
      throw error;
    }
  }
}

const DONE: PendingCursor = Object.freeze({ log: 'end', inbox: 'end' });

function isWhole({ log, inbox }: PendingCursor): boolean {
  return log === 'end' && inbox === 'end';
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
