import { performance } from 'node:perf_hooks';

import { LeaseLostError } from '../../errors.js';
import type { InFlight, Source } from '../../message/index.js';
import { inOwnContext } from '../../own-context.js';
import type { ConsumerContext } from '../route/context.js';
import { PresenceNotes } from './presence.js';
import { heartbeatScript } from './lease-scripts.js';
import type { Subscription } from '../route/subscription.js';

// Keeps a script under a few milliseconds: each id costs Redis about 10 µs.
const MAX_IDS = 250;

/**
 * Renews the leases of everything in flight: every third of the lease, and at once after a reconnection, because the
 * server also counted the time of the outage. Calls run one after the other, so that other clients have their turn.
 */
export class Heartbeat {
  private timer: NodeJS.Timeout | undefined;
  private stopListening: (() => void) | undefined;
  private beating = false;
  private readonly presence: PresenceNotes;
  /** Time of its last turn on the event loop, monotonic ms. */
  private turnAt = 0;

  constructor(
    private readonly context: ConsumerContext,
    private readonly subscriptions: ReadonlySet<Subscription>,
    private readonly onLost: (delivery: InFlight<Subscription>) => void,
    /** Reports that the event loop, or the whole process, stood still for longer than a lease. */
    private readonly onStalled?: (stalledMs: number) => void,
  ) {
    this.presence = new PresenceNotes(context);
  }

  /** Restarts the heartbeat if it is running. */
  start(): void {
    this.stop();
    const everyMs = this.context.options.leaseMs / 3;
    this.turnAt = performance.now();
    this.timer = inOwnContext(() => setInterval(() => this.turn(), everyMs));
    this.stopListening = this.context.command.onEveryReady(() => {
      this.presence.forget();
      void this.beat();
    });
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

  /** Renews all leases now. */
  async beat(): Promise<void> {
    // After an outage, the reconnection triggers a beat; a queue of old beats would only repeat it.
    if (this.beating || !this.context.command.ready) return;
    this.beating = true;
    try {
      this.notePresence();
      const marks: Promise<unknown>[] = [];
      for (const some of calls(this.renewals())) {
        const renewed = await this.renewSome(some);
        // A mark that cannot be renewed must not stop the renewal of leases.
        marks.push(renewMarks(renewed).catch(() => undefined));
      }
      await Promise.all(marks);
    } catch {
      // The connection broke: the reconnection triggers the next beat. No lease is known to be lost.
    } finally {
      this.beating = false;
    }
  }

  private notePresence(): void {
    // Only the renewals matter; the note may fail.
    this.presence.write(this.subscriptions).catch(() => undefined);
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

  /** @returns the deliveries that are still ours */
  private async renewSome(planned: readonly Renewal[]): Promise<InFlight<Subscription>[]> {
    const { command, group, consumer, options } = this.context;
    // Some were settled while earlier calls were on their way.
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

/** Combines small renewals: one call for as many streams as its limit of ids allows. */
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
  // Skips deliveries being settled: their marks may be free again when the renewal arrives.
  const marked = renewed.filter(({ isSettling }) => !isSettling);
  await Promise.all(marked.map(async (delivery) => delivery.renewMark?.()));
}

/** Returns true while the lease must be kept, also during settling: until Redis confirms, nobody may take it over. */
function isToBeKept({ lostBecause, isSettled, successor }: InFlight<Subscription>): boolean {
  return successor !== undefined || (lostBecause === undefined && !isSettled);
}
