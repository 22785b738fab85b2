import type { Redis } from 'ioredis';

import type { Connection } from '../../redis/index.js';
import { adopt, isSameServer, succeed, type ServerSideClient } from './adoption.js';
import type { ConsumerContext } from '../route/context.js';
import type { ReaderHooks } from './reader.js';
import type { Subscription } from '../route/subscription.js';

/** Adopts the deliveries of replies that were lost with a connection, before the first read on the next one. */
export class LostReplies {
  private identity: ServerSideClient | undefined;
  /** Count of losses of the connection that the server knows by this identity. */
  private losses = Number.NaN;
  private mustAdopt = false;
  private settling: Promise<number> | undefined;

  constructor(
    private readonly context: ConsumerContext,
    private readonly connection: Connection,
    private readonly subscriptions: readonly Subscription[],
    private readonly verify: ReaderHooks['verify'],
  ) {}

  /** Adopts before the next read, because the reply of another command was lost. */
  adoptSoon(): void {
    this.mustAdopt = true;
  }

  /**
   * Adopts what was lost, if anything. Must be called before every read.
   *
   * @returns the number of deliveries found
   */
  async takeIn(client: Redis): Promise<number> {
    if (this.connection.losses === this.losses && !this.mustAdopt) return 0;
    // Concurrent readers wait for the same adoption.
    this.settling ??= this.settleIn(client).finally(() => {
      this.settling = undefined;
    });
    return this.settling;
  }

  private async settleIn(client: Redis): Promise<number> {
    const { losses } = this.connection;
    if (losses !== this.losses) {
      const previous = this.identity;
      const current = await succeed(client, previous);
      if (previous !== undefined) {
        await this.verify(client, this.subscriptions, isSameServer(previous, current));
        this.mustAdopt = true;
      }
      this.identity = current;
      this.losses = losses;
    }
    return this.mustAdopt ? this.adopt(client) : 0;
  }

  private async adopt(client: Redis): Promise<number> {
    this.mustAdopt = false;
    try {
      return await adopt(client, this.context, this.subscriptions);
    } catch (error) {
      this.mustAdopt = true;
      throw error;
    }
  }
}
