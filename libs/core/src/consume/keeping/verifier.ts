import type { Redis } from 'ioredis';

import { LeaseLostError } from '../../errors.js';
import type { EntryId, InFlight, Source } from '../../message/index.js';
import { isConnectionFault, isTransient } from '../../redis/index.js';
import type { ConsumerContext } from '../route/context.js';
import { BOTH_SOURCES } from '../route/streams.js';
import type { Subscription } from '../route/subscription.js';

const PAGE = 500;
// Number of bodies compared at once.
const COMPARED_AT_ONCE = 20;

/**
 * Drops deliveries that the server does not know as this consumer's, on every new connection to a server. After a
 * failover to a replica that is behind, or a restart that lost data, another message may get the id of a delivery: it
 * must be delivered, and the old delivery must not end it.
 *
 * An entry that is pending under this consumer's own name with the same delivery count is the same delivery: nothing
 * has been read under that name from the new history yet.
 */
export class Verifier {
  private stopListening: (() => void) | undefined;

  /** @param onDisowned receives each delivery that was not settled yet */
  constructor(
    private readonly context: ConsumerContext,
    private readonly onDisowned: (delivery: InFlight<Subscription>) => void,
  ) {}

  /** Verifies these routes first on each new command connection, because acks are sent there. */
  start(subscriptions: Iterable<Subscription>): void {
    this.stop();
    this.stopListening = this.context.command.onEveryArrival((client, isSameServer) =>
      this.verify(client, [...subscriptions], isSameServer),
    );
  }

  stop(): void {
    this.stopListening?.();
    this.stopListening = undefined;
  }

  /**
   * @param isSameServer true when the server is the process that gave the deliveries; a lease that another consumer has
   *   taken over is then no reason to drop one, because a late success still counts
   */
  readonly verify = async (
    client: Redis,
    subscriptions: readonly Subscription[],
    isSameServer: boolean,
  ): Promise<void> => {
    const verified = subscriptions.flatMap((subscription) =>
      BOTH_SOURCES.map((source) => this.verifyStream(client, subscription, source, isSameServer)),
    );
    await Promise.all(verified);
  };

  private async verifyStream(
    client: Redis,
    subscription: Subscription,
    source: Source,
    isSameServer: boolean,
  ): Promise<void> {
    // A snapshot: the server knows anything that arrives while it is asked.
    const held = [...subscription.deliveries(source)];
    if (held.length === 0) return;
    const stream = subscription.streamOf(source);
    const counts = await this.pendingCounts(client, stream);
    const doubtful = held.filter((each) => counts.get(each.entryId) !== countOf(each));
    for (let from = 0; from < doubtful.length; from += COMPARED_AT_ONCE) {
      const some = doubtful.slice(from, from + COMPARED_AT_ONCE);
      const kept = await Promise.all(
        some.map(async (each) => isSameServer && (await this.isPending(client, stream, each))),
      );
      some.forEach((each, index) => {
        if (kept[index] === false) this.disown(each);
      });
    }
  }

  private disown(delivery: InFlight<Subscription>): void {
    const isNews =
      !delivery.isSettled && !delivery.isSettling && delivery.lostBecause === undefined;
    delivery.route.disown(delivery, new LeaseLostError());
    if (isNews) this.onDisowned(delivery);
  }

  /** Returns the delivery count of each entry that is pending for this consumer. */
  private async pendingCounts(client: Redis, stream: string): Promise<Map<EntryId, number>> {
    const { group, consumer } = this.context;
    const counts = new Map<EntryId, number>();
    for (let start = '-'; ;) {
      const page = await orNone(
        client.xpending(stream, group, start, '+', PAGE, consumer) as Promise<PendingRow[]>,
      );
      for (const [id, , , count] of page) counts.set(id, count);
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) return counts;
      start = `(${last[0]}`;
    }
  }

  /** Resolves to true when the delivery's entry is pending for any consumer and still holds the same message. */
  private async isPending(
    client: Redis,
    stream: string,
    { entryId, fields }: InFlight<Subscription>,
  ): Promise<boolean> {
    const { group } = this.context;
    const pending = await orNone(
      client.xpending(stream, group, entryId, entryId, 1) as Promise<PendingRow[]>,
    );
    if (pending.length === 0) return false;
    const [entry] = await orNone(client.xrange(stream, entryId, entryId));
    const found = entry?.[1];
    return (
      found?.length === fields.length && found.every((field, index) => field === fields[index])
    );
  }
}

type PendingRow = [id: EntryId, consumer: string, idleMs: number, deliveries: number];

/** Returns the delivery count that Redis should have. */
function countOf({ deliveries, successor }: InFlight<Subscription>): number {
  return successor?.claim.deliveries ?? deliveries;
}

/** Resolves to an empty list where there is no such group or stream, or the server refuses to answer. */
async function orNone<T>(reply: Promise<T[]>): Promise<T[]> {
  try {
    return await reply;
  } catch (error) {
    if (isConnectionFault(error) || isTransient(error)) throw error;
    return [];
  }
}
