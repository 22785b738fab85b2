import { performance } from 'node:perf_hooks';

import type { Redis } from 'ioredis';

import type { ConsumerContext } from '../route/context.js';
import type { Streams } from '../route/streams.js';
import type { Subscription } from '../route/subscription.js';

/** An entry that was deleted since comes without fields. */
type ReadReply = [stream: string, entries: [id: string, fields: string[] | null][]][] | null;

export interface ReadRequest {
  readonly streams: Streams;
  /** Entries at most, for each stream. */
  readonly count: number;
  /** How long to wait for the first entry, ms; undefined not to wait. */
  readonly blockMs: number | undefined;
}

/**
 * Reads what is new once and takes it in.
 *
 * @param onTaken called for each stream of which something came
 * @returns how many entries came
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
  // A read that waited may have been given its messages only now.
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
