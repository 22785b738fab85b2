import { performance } from 'node:perf_hooks';

import type { ConsumerContext } from './context.js';
import type { Subscription } from './subscription.js';

/**
 * Notes since when a route's deliveries are worked on here, for whoever asks: a lease that is renewed no longer tells.
 * It goes with the lease, and nothing rests on it.
 */
export async function noteHeld(
  { command, group, consumer, clock, options }: ConsumerContext,
  subscription: Subscription,
): Promise<void> {
  const offset = clock.now() - performance.now();
  const held: Record<string, number> = {};
  for (const source of ['log', 'inbox'] as const) {
    for (const { entryId, startedAt, isSettled } of subscription.deliveries(source)) {
      if (startedAt > 0 && !isSettled)
        held[`${source}:${entryId}`] = Math.round(offset + startedAt);
    }
  }
  if (Object.keys(held).length === 0) return;
  const key = subscription.keys.held(group, consumer);
  await command.client.set(key, JSON.stringify(held), 'PX', options.leaseMs);
}
