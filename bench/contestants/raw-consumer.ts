import { Redis } from 'ioredis';

import type { Consumer } from './contestant.js';
import { GROUP, rawKey } from './raw-keys.js';

/** As XREADGROUP answers: for each stream its entries, each an id and its fields. */
export type StreamsReply = [key: string, entries: [id: string, fields: string[]][]][];

/** Base of the raw consumers: one connection for reads, another for acks, and a way to close both. */
export class RawConsumer implements Consumer {
  isOpen = true;
  private readonly reader: Redis;
  private readonly keys: readonly string[];

  constructor(
    url: string,
    paths: readonly string[],
    readonly acks: Redis,
  ) {
    this.reader = new Redis(url);
    this.keys = paths.map(rawKey);
  }

  /** Reads new messages; null when the blocking time ran out. */
  read(count: number): Promise<StreamsReply | null> {
    return this.reader.xreadgroup(
      'GROUP',
      GROUP,
      'one',
      'COUNT',
      count,
      'BLOCK',
      5_000,
      'STREAMS',
      ...this.keys,
      ...this.keys.map(() => '>'),
    ) as Promise<StreamsReply | null>;
  }

  /** The end breaks off what is under way; any other error is one. */
  readonly failed = (error: unknown): null => {
    if (this.isOpen) throw error;
    return null;
  };

  async unfinished(): Promise<number> {
    const summaries = await Promise.all(
      this.keys.map((key) => this.acks.xpending(key, GROUP) as Promise<[count: number]>),
    );
    return summaries.reduce((sum, [count]) => sum + count, 0);
  }

  close(): Promise<void> {
    this.isOpen = false;
    this.reader.disconnect();
    this.acks.disconnect();
    return Promise.resolve();
  }
}
