import type { Connection } from '../../redis/index.js';
import type { ConsumerContext } from '../route/context.js';
import { Reader, type ReaderHooks } from './reader.js';
import type { Subscription } from '../route/subscription.js';

// Two streams per route: the more streams, the more it costs the server to wake a blocked read; see ADR 0013.
const ROUTES_PER_READER = 25;
// Servers limit connections, and managed ones allow few: with thousands of handlers, a read covers more routes instead.
const READERS_MOST = 8;

/** The routes of a consumer, divided among readers. */
export class Readers {
  private readonly list: Reader[] = [];
  private readonly readerOf = new Map<Subscription, Reader>();
  private connect: (() => Connection) | undefined;

  constructor(
    private readonly context: ConsumerContext,
    private readonly hooks: ReaderHooks,
  ) {}

  /** @param connect creates a connection for a reader */
  start(subscriptions: Iterable<Subscription>, connect: () => Connection): void {
    this.connect = connect;
    const all = [...subscriptions];
    const each = routesPerReader(all.length);
    for (let from = 0; from < all.length; from += each) {
      this.startReader(all.slice(from, from + each), connect);
    }
  }

  /** Adds a route to the reader with the fewest, if it has room or no further reader is allowed. */
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

  /** Checks again which routes have room. */
  renew(): void {
    for (const reader of this.list) reader.renew();
  }

  adoptSoon(): void {
    for (const reader of this.list) reader.adoptSoon();
  }

  wake(subscription: Subscription): void {
    this.readerOf.get(subscription)?.wake(subscription);
  }

  /** Time since the last completed read of each reader, in ms. */
  get ages(): number[] {
    return this.list.map(({ readAgeMs }) => readAgeMs);
  }
}

/** Returns the maximum number of routes per reader. Pure. */
export function routesPerReader(routes: number): number {
  return Math.max(ROUTES_PER_READER, Math.ceil(routes / READERS_MOST));
}
