import { performance } from 'node:perf_hooks';

import type { ConsumerContext } from './context.js';
import { notePresenceScript } from './scripts.js';
import type { Subscription } from './subscription.js';

/**
 * Says that this consumer is there, and since when it works on what it has: Redis does not list a consumer that waits
 * for its first message, and a lease that is renewed no longer tells. It goes with the lease; nothing rests on it.
 */
export async function notePresence(
  { command, group, consumer, clock, options }: ConsumerContext,
  subscription: Subscription,
): Promise<void> {
  if (subscription.isOff && subscription.inFlightCount === 0) return;
  const since = heldSince(subscription, clock.now() - performance.now());
  await notePresenceScript.run(
    command.client,
    { here: subscription.keys.here(group), held: subscription.keys.held(group, consumer) },
    { consumer, leaseMs: options.leaseMs, since: since === undefined ? '' : JSON.stringify(since) },
  );
}

/** Since when each delivery is worked on, epoch ms; undefined if there is none. */
function heldSince(subscription: Subscription, offset: number): Record<string, number> | undefined {
  const held: Record<string, number> = {};
  for (const source of ['log', 'inbox'] as const) {
    for (const { entryId, startedAt, isSettled } of subscription.deliveries(source)) {
      if (startedAt > 0 && !isSettled)
        held[`${source}:${entryId}`] = Math.round(offset + startedAt);
    }
  }
  return Object.keys(held).length === 0 ? undefined : held;
}
