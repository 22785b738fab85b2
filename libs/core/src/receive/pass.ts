import type { Redis } from 'ioredis';

import type { ConsumerContext } from './context.js';
import { BOTH_SOURCES, read } from './read.js';
import type { Subscription } from './subscription.js';

export interface PassOptions {
  /** Messages to take at most. */
  readonly count: number;
  /** How long to wait if nothing is there at first, ms; undefined not to wait. */
  readonly blockMs: number | undefined;
}

/**
 * Reads at most `count` entries, route by route, because a read of several streams takes COUNT of each. Returns how many
 * came.
 */
export async function readPass(
  client: Redis,
  context: ConsumerContext,
  subscriptions: readonly Subscription[],
  count: number,
  blockMs: number | undefined,
): Promise<number> {
  const hungry = subscriptions.filter(({ appetite }) => appetite > 0);
  let left = count;
  for (const subscription of hungry) {
    for (const source of BOTH_SOURCES) {
      const room = Math.min(left, subscription.appetite);
      if (room <= 0) continue;
      left -= await read(client, context, {
        subscriptions: [subscription],
        sources: [source],
        count: room,
        blockMs: undefined,
      });
    }
  }
  if (left < count || blockMs === undefined || hungry.length === 0) return count - left;
  return read(client, context, {
    subscriptions: hungry,
    sources: BOTH_SOURCES,
    count: 1,
    blockMs,
  });
}
