import { performance } from 'node:perf_hooks';

import { LeaseLostError } from '../../errors.js';
import type { InFlight, Source } from '../../message/index.js';
import { inOwnContext } from '../../own-context.js';
import type { ConsumerContext } from '../route/context.js';
import { notePresence } from './presence.js';
import { heartbeatScript } from './lease-scripts.js';
import type { Subscription } from '../route/subscription.js';

// Keeps a script under a few milliseconds: each id costs Redis about 10 µs.
const MAX_IDS = 250;

/**
 * Renews the leases of everything in flight: every third of the lease, and at once after a reconnection, because the
 * server counted the time of the outage too. Calls go one after the other, so that other clients have their turn between.
 */
export class Heartbeat {
  private timer: NodeJS.Timeout | undefined;
  private stopListening: (() => void) | undefined;
  private beating = false;
  /** When the event loop last had a turn for it, monotonic ms. */
  private turnAt = 0;

  constructor(
    private readonly context: ConsumerContext,
    private readonly subscriptions: ReadonlySet<Subscription>,
    private readonly onLost: (delivery: InFlight<Subscription>) => void,
    /** The event loop, or the whole process, stood still for longer than a lease. */
    private readonly onStalled?: (stalledMs: number) => void,
  ) {}

  /** Anew, if it beats already. */
  start(): void {
    this.stop();
    const everyMs = this.context.options.leaseMs / 3;
    this.turnAt = performance.now();
    this.timer = inOwnContext(() => setInterval(() => this.turn(), everyMs));
    this.stopListening = this.context.command.onEveryReady(() => void this.beat());
    this.notePresence();
  }

  stop(): void {
    clearInterval(this.timer);
    this.stopListening?.();
  }

  private turn(): void {
    const now = performance.now();
    const stalledMs = now - this.turnAt;
    this.turnAt = now;
    if (stalledMs > this.context.options.leaseMs) this.onStalled?.(stalledMs);
    void this.beat();
  }

  /** Renews now. */
  async beat(): Promise<void> {
    // After an outage the reconnection beats; a queue of old beats would only repeat it.
    if (this.beating || !this.context.command.ready) return;
    this.beating = true;
    try {
      this.notePresence();
      const marks: Promise<unknown>[] = [];
      for (const some of calls(this.renewals())) {
        const renewed = await this.renewSome(some);
        // A mark that cannot be renewed keeps no lease from being.
        marks.push(renewMarks(renewed).catch(() => undefined));
      }
      await Promise.all(marks);
    } catch {
      // The connection broke: the reconnection beats again. Nothing is known to be lost.
    } finally {
      this.beating = false;
    }
  }

  private notePresence(): void {
    // The renewals count, not the note.
    notePresence(this.context, this.subscriptions).catch(() => undefined);
  }

  private renewals(): Renewal[] {
    const renewals: Renewal[] = [];
    for (const subscription of this.subscriptions) {
      for (const source of ['log', 'inbox'] as const) {
        const due = [...subscription.deliveries(source)].filter((each) => isToBeKept(each));
        for (let from = 0; from < due.length; from += MAX_IDS) {
          renewals.push({ subscription, source, due: due.slice(from, from + MAX_IDS) });
        }
      }
    }
    return renewals;
  }

  /** @returns those that are still ours */
  private async renewSome(planned: readonly Renewal[]): Promise<InFlight<Subscription>[]> {
    const { command, group, consumer, options } = this.context;
    // Some were settled while the calls before this one were on their way.
    const renewals = planned
      .map((each) => ({ ...each, due: each.due.filter(isToBeKept) }))
      .filter(({ due }) => due.length > 0);
    if (renewals.length === 0) return [];
    const sentAt = performance.now();
    const lost = await heartbeatScript.run(
      command.client,
      {},
      { group, consumer },
      {
        keys: renewals.map(({ subscription, source }) => subscription.streamOf(source)),
        args: renewals.flatMap(({ due }) => [due.length, ...due.map(({ entryId }) => entryId)]),
      },
    );
    const leasedUntil = sentAt + options.leaseMs;
    return renewals.flatMap(({ due }, index) => this.renewed(due, lost[index], leasedUntil));
  }

  private renewed(
    due: readonly InFlight<Subscription>[],
    lost: readonly string[] = [],
    leasedUntil: number,
  ): InFlight<Subscription>[] {
    const gone = new Set(lost);
    for (const delivery of due) {
      if (gone.has(delivery.entryId)) this.lose(delivery);
      else if (delivery.successor === undefined) delivery.leasedUntil = leasedUntil;
      else delivery.successor = { claim: delivery.successor.claim, leasedUntil };
    }
    return due.filter(({ entryId }) => !gone.has(entryId));
  }

  private lose(delivery: InFlight<Subscription>): void {
    delivery.successor = undefined;
    if (delivery.isSettling || delivery.lostBecause !== undefined) return;
    delivery.lose(new LeaseLostError());
    this.onLost(delivery);
  }
}

interface Renewal {
  readonly subscription: Subscription;
  readonly source: Source;
  readonly due: readonly InFlight<Subscription>[];
}

/** Puts small ones together: one call for as many streams as it may hold ids of. */
function calls(renewals: readonly Renewal[]): Renewal[][] {
  const grouped: Renewal[][] = [];
  let size = Infinity;
  for (const renewal of renewals) {
    if (size + renewal.due.length > MAX_IDS) {
      grouped.push([]);
      size = 0;
    }
    grouped.at(-1)?.push(renewal);
    size += renewal.due.length;
  }
  return grouped;
}

async function renewMarks(renewed: readonly InFlight<Subscription>[]): Promise<void> {
  // Not of what is being settled: its mark may be free again by the time that this arrives.
  const marked = renewed.filter(({ isSettling }) => !isSettling);
  await Promise.all(marked.map(async (delivery) => delivery.renewMark?.()));
}

/** What is on its way to being settled is kept as well: until Redis has confirmed, nobody else is to take it over. */
function isToBeKept({ lostBecause, isSettled, successor }: InFlight<Subscription>): boolean {
  return successor !== undefined || (lostBecause === undefined && !isSettled);
}
