import { performance } from 'node:perf_hooks';

import type { Source } from '../../message/index.js';
import type { Connection } from '../../redis/index.js';
import { readCount } from '../route/byte-budget.js';
import type { ConsumerContext } from '../route/context.js';
import { LostReplies } from './lost-replies.js';
import { read } from './read.js';
import type { ReaderHooks } from './reader.js';
import { BOTH_SOURCES, Streams } from '../route/streams.js';
import type { Subscription } from '../route/subscription.js';

export interface PassOptions {
  /** Maximum number of messages. */
  readonly count: number;
  /** Time to wait when there is no message at first, in ms; undefined for no wait. */
  readonly blockMs: number | undefined;
  /** Ends the wait when aborted. */
  readonly signal?: AbortSignal;
}

/** Reads on request, over its own connection. */
export class PassReader {
  private readonly lost: LostReplies;

  constructor(
    private readonly context: ConsumerContext,
    private readonly connection: Connection,
    private readonly subscriptions: readonly Subscription[],
    verify: ReaderHooks['verify'],
  ) {
    this.lost = new LostReplies(context, connection, subscriptions, verify);
  }

  /** Adopts deliveries of lost replies before the next read. */
  adoptSoon(): void {
    this.lost.adoptSoon();
  }

  /**
   * Reads at most `count` entries, route by route, because a read of several streams takes COUNT of each. Returns the
   * number of entries.
   */
  async read({ count, blockMs, signal }: PassOptions): Promise<number> {
    const hungry = this.subscriptions.filter(({ appetite }) => appetite > 0);
    let left = count;
    for (const subscription of hungry) {
      for (const source of BOTH_SOURCES) {
        left -= await this.readAll(subscription, source, left);
      }
    }
    if (left < count || blockMs === undefined || hungry.length === 0) return count - left;
    return this.readWithin(hungry, blockMs, signal);
  }

  /** Reads up to `most` entries in replies of limited size, until the stream is empty or there is no room. */
  private async readAll(subscription: Subscription, source: Source, most: number): Promise<number> {
    const streams = new Streams([subscription], [source]);
    let came = 0;
    for (;;) {
      const room = Math.min(most - came, subscription.appetite);
      if (room <= 0) return came;
      const { replyBytes } = this.context.options;
      const count = readCount(room, 1, subscription.entryBytes, replyBytes);
      const last = await this.readOnce(streams, count, undefined);
      came += last;
      if (last < count) return came;
    }
  }

  /** Waits in several reads: a connection that is silent for much longer than a reader's counts as dead. */
  private async readWithin(
    subscriptions: readonly Subscription[],
    blockMs: number,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    const streams = new Streams(subscriptions);
    const until = performance.now() + blockMs;
    for (
      let leftMs = Math.ceil(blockMs);
      leftMs > 0;
      leftMs = Math.ceil(until - performance.now())
    ) {
      if (signal?.aborted === true || subscriptions.every(({ isOff }) => isOff)) break;
      const turnMs = Math.max(1, Math.min(leftMs, this.context.options.blockMs));
      const came = await this.readOnce(streams, 1, turnMs);
      if (came > 0) return came;
    }
    return 0;
  }

  private readOnce(streams: Streams, count: number, blockMs: number | undefined): Promise<number> {
    return this.connection.run(async (client) => {
      // While settling and renewing fail here, another process had better take the messages.
      await this.context.command.whenReady();
      const found = await this.lost.takeIn(client);
      return found > 0 ? found : read(client, this.context, { streams, count, blockMs });
    });
  }
}
