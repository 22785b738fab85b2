import { performance } from 'node:perf_hooks';

import type { Redis } from 'ioredis';

import type { ConsumerContext } from './context.js';
import { read } from './read.js';
import { BOTH_SOURCES, Streams } from './streams.js';
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
        streams: new Streams([subscription], [source]),
        count: room,
        blockMs: undefined,
      });
    }
  }
  if (left < count || blockMs === undefined || hungry.length === 0) return count - left;
  return readWithin(client, context, hungry, blockMs);
}

/** Waits in turns: a connection that is silent for much longer than a reader's counts as dead. */
async function readWithin(
  client: Redis,
  context: ConsumerContext,
  subscriptions: readonly Subscription[],
  blockMs: number,
): Promise<number> {
  const streams = new Streams(subscriptions);
  const until = performance.now() + blockMs;
  for (let leftMs = blockMs; leftMs > 0; leftMs = Math.ceil(until - performance.now())) {
    const came = await read(client, context, {
      streams,
      count: 1,
      blockMs: Math.max(1, Math.min(leftMs, context.options.blockMs)),
    });
    if (came > 0) return came;
  }
  return 0;
}
