import { performance } from 'node:perf_hooks';

import type { Redis } from 'ioredis';

import type { Source } from '../message/index.js';
import type { ConsumerContext } from './context.js';
import type { Subscription } from './subscription.js';

/** An entry that was deleted since comes without fields. */
type ReadReply = [stream: string, entries: [id: string, fields: string[] | null][]][] | null;

export interface ReadRequest {
  readonly subscriptions: readonly Subscription[];
  /** Which of each route's streams. */
  readonly sources: readonly Source[];
  /** Entries at most, for each stream. */
  readonly count: number;
  /** How long to wait for the first entry, ms; undefined not to wait. */
  readonly blockMs: number | undefined;
}

export const BOTH_SOURCES: readonly Source[] = Object.freeze(['inbox', 'log'] as const);

/** Reads what is new once and takes it in. Returns how many entries came. */
export async function read(
  client: Redis,
  { group, consumer, options }: ConsumerContext,
  { subscriptions, sources, count, blockMs }: ReadRequest,
): Promise<number> {
  const origin = new Map<string, [Subscription, Source]>();
  for (const subscription of subscriptions) {
    for (const source of sources) origin.set(subscription.streamOf(source), [subscription, source]);
  }
  const streams = [...origin.keys()];
  const what = ['STREAMS', ...streams, ...streams.map(() => '>')] as ['STREAMS', ...string[]];
  const sentAt = performance.now();
  const reply: ReadReply =
    blockMs === undefined
      ? await client.xreadgroup('GROUP', group, consumer, 'COUNT', count, ...what)
      : await client.xreadgroup(
          'GROUP',
          group,
          consumer,
          'COUNT',
          count,
          'BLOCK',
          blockMs,
          ...what,
        );
  // A read that waited may have been given its messages only now.
  const leasedUntil = (blockMs === undefined ? sentAt : performance.now()) + options.leaseMs;
  for (const subscription of subscriptions) subscription.isHot = false;
  let total = 0;
  for (const [stream, entries] of reply ?? []) {
    const [subscription, source] = origin.get(stream) as [Subscription, Source];
    if (entries.length === count) subscription.isHot = true;
    total += entries.length;
    for (const [entryId, fields] of entries) {
      subscription.accept({ source, entryId, fields: fields ?? [], deliveries: 1 }, leasedUntil);
    }
  }
  return total;
}
