import type { Connection } from '../../redis/index.js';
import type { ConsumerContext } from '../route/context.js';
import { Reader, type ReaderHooks } from './reader.js';
import type { Subscription } from '../route/subscription.js';

// Two streams for each route: the more there are, the more it costs the server to wake one blocked read; see ADR 0013.
const ROUTES_PER_READER = 25;
// Servers count connections, and managed ones allow few: with thousands of handlers a read has more routes instead.
const READERS_MOST = 8;

/** The routes of a consumer, shared out among readers. */
export class Readers {
  private readonly list: Reader[] = [];
  private readonly readerOf = new Map<Subscription, Reader>();
  private connect: (() => Connection) | undefined;

  constructor(
    private readonly context: ConsumerContext,
    private readonly hooks: ReaderHooks,
  ) {}

  /** @param connect makes a connection for a reader */
  start(subscriptions: Iterable<Subscription>, connect: () => Connection): void {
    this.connect = connect;
    const all = [...subscriptions];
    const each = routesPerReader(all.length);
    for (let from = 0; from < all.length; from += each) {
      this.startReader(all.slice(from, from + each), connect);
    }
  }

  /** Reads another route, on the connection with the fewest if there is room for it, or may be no other. */
  add(subscription: Subscription): void {
    const [least] = this.list.toSorted(
      (one, other) => one.subscriptions.length - other.subscriptions.length,
    );
    const isFull = least === undefined || least.subscriptions.length >= ROUTES_PER_READER;
    if (least !== undefined && (!isFull || this.list.length >= READERS_MOST)) {
      this.readerOf.set(subscription, least);
      least.add(subscription);
    } else if (this.connect !== undefined) {
      this.startReader([subscription], this.connect);
    }
  }

  private startReader(some: Subscription[], connect: () => Connection): void {
    const connection = connect();
    connection.open();
    const reader = new Reader(this.context, connection, some, this.hooks);
    this.list.push(reader);
    for (const subscription of some) this.readerOf.set(subscription, reader);
    reader.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.list.map((reader) => reader.stop()));
  }

  pause(): void {
    for (const reader of this.list) reader.pause();
  }

  resume(): void {
    for (const reader of this.list) reader.resume();
  }

  /** Looks anew at which routes there is room for. */
  renew(): void {
    for (const reader of this.list) reader.renew();
  }

  adoptSoon(): void {
    for (const reader of this.list) reader.adoptSoon();
  }

  wake(subscription: Subscription): void {
    this.readerOf.get(subscription)?.wake(subscription);
  }

  /** For each how long it has been without a read that came back, ms. */
  get ages(): number[] {
    return this.list.map(({ readAgeMs }) => readAgeMs);
  }
}

/** How many routes share a reader, where there are so many. Pure. */
export function routesPerReader(routes: number): number {
  return Math.max(ROUTES_PER_READER, Math.ceil(routes / READERS_MOST));
}
