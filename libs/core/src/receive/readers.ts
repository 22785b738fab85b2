import type { Connection } from '../redis/index.js';
import type { ConsumerContext } from './context.js';
import { Reader, type ReaderHooks } from './reader.js';
import type { Subscription } from './subscription.js';

// Two streams for each route: the more there are, the more it costs the server to wake one blocked read; see ADR 0013.
const ROUTES_PER_READER = 25;

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
    for (let from = 0; from < all.length; from += ROUTES_PER_READER) {
      this.startReader(all.slice(from, from + ROUTES_PER_READER), connect);
    }
  }

  /** Reads another route, on the last connection if there is room for it. */
  add(subscription: Subscription): void {
    const last = this.list.at(-1);
    if (last !== undefined && last.subscriptions.length < ROUTES_PER_READER) {
      this.readerOf.set(subscription, last);
      last.add(subscription);
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
