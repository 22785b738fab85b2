import type { PassOptions, PassReader } from './pass-reader.js';
import type { Subscription } from '../route/subscription.js';

/** Parts of the consumer that a pass needs. */
export interface PassParts {
  readonly subscriptions: readonly Subscription[];
  readonly inFlightCount: () => number;
  /** Takes over stale deliveries of a route. */
  readonly takeOver: (
    subscription: Subscription,
    most: (of: Subscription) => number,
  ) => Promise<unknown>;
  /** Starts the deliveries that were read. */
  readonly run: () => void;
  readonly until: (condition: () => boolean) => Promise<unknown>;
  /** Resolves when no suspect runs alone any more. */
  readonly suspectsDone: () => Promise<unknown>;
}

/**
 * Takes over stale deliveries, reads new ones and runs them, up to `count` messages. Resolves when all are settled.
 */
export async function onePass(
  reader: PassReader,
  { count, blockMs, ...more }: PassOptions,
  parts: PassParts,
): Promise<void> {
  const { subscriptions } = parts;
  await takeOverStale(count, parts);
  let left = count - parts.inFlightCount();
  let waitMs = blockMs;
  while (left > 0 && subscriptions.length > 0) {
    await parts.until(
      () =>
        subscriptions.some(({ appetite }) => appetite > 0) ||
        subscriptions.every(({ isOff }) => isOff),
    );
    const came = await reader.read({ count: left, blockMs: waitMs, ...more });
    if (came === 0) break;
    left -= came;
    waitMs = undefined;
    parts.run();
  }
  parts.run();
  await parts.suspectsDone();
  await parts.until(() => parts.inFlightCount() === 0);
}

async function takeOverStale(
  count: number,
  { subscriptions, takeOver, inFlightCount }: PassParts,
): Promise<void> {
  for (const subscription of subscriptions) {
    const left = Math.max(0, count - inFlightCount());
    await takeOver(subscription, ({ freeSlots }) => Math.min(freeSlots, left));
    // The rest is left to another pass.
    subscription.hasStaleLeft = false;
  }
}
