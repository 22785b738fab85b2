import type { PassOptions, PassReader } from './pass-reader.js';
import type { Subscription } from '../route/subscription.js';

/** What a pass needs of the consumer that makes it. */
export interface PassParts {
  readonly subscriptions: readonly Subscription[];
  readonly inFlightCount: () => number;
  /** Takes over what is stale of a route. */
  readonly takeOver: (
    subscription: Subscription,
    most: (of: Subscription) => number,
  ) => Promise<unknown>;
  /** Starts what was read. */
  readonly run: () => void;
  readonly until: (condition: () => boolean) => Promise<unknown>;
  /** Resolves when no suspect is run alone any more. */
  readonly suspectsDone: () => Promise<unknown>;
}

/**
 * Takes over what is stale, reads what is there and runs it, `count` messages at most. Resolves when all of it is settled.
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
    // The rest is for another pass.
    subscription.hasStaleLeft = false;
  }
}
