import { performance } from 'node:perf_hooks';

import type { Redis } from 'ioredis';

import type { ConsumerContext } from '../route/context.js';
import type { Streams } from '../route/streams.js';
import type { Subscription } from '../route/subscription.js';

/** Reply of XREADGROUP. An entry that has been deleted comes without fields. */
type ReadReply = [stream: string, entries: [id: string, fields: string[] | null][]][] | null;

export interface ReadRequest {
  readonly streams: Streams;
  /** Maximum number of entries per stream. */
  readonly count: number;
  /** Time to wait for the first entry, in ms; undefined for no wait. */
  readonly blockMs: number | undefined;
}

/**
 * Reads new entries once and accepts them.
 *
 * @param onTaken called for each stream that had entries
 * @returns the number of entries
 */
export async function read(
  client: Redis,
  { group, consumer, options }: ConsumerContext,
  { streams, count, blockMs }: ReadRequest,
  onTaken?: (subscription: Subscription) => void,
): Promise<number> {
  const sentAt = performance.now();
  const reply: ReadReply =
    blockMs === undefined
      ? await client.xreadgroup('GROUP', group, consumer, 'COUNT', count, ...streams.request)
      : await client.xreadgroup(
          'GROUP',
          group,
          consumer,
          'COUNT',
          count,
          'BLOCK',
          blockMs,
          ...streams.request,
        );
  // A blocking read may have received its messages only now.
  const leasedUntil = (blockMs === undefined ? sentAt : performance.now()) + options.leaseMs;
  for (const subscription of streams.subscriptions) subscription.isHot = false;
  let total = 0;
  for (const [stream, entries] of reply ?? []) {
    const { subscription, source } = streams.originOf(stream);
    if (entries.length === count) subscription.isHot = true;
    total += entries.length;
    subscription.ageSizes();
    for (const [entryId, fields] of entries) {
      subscription.accept({ source, entryId, fields: fields ?? [], deliveries: 1 }, leasedUntil);
    }
    onTaken?.(subscription);
  }
  return total;
}
