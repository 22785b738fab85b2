import type { InFlight } from '../../message/index.js';
import type { ConsumerContext } from '../route/context.js';
import { leaveScript } from './lease-scripts.js';
import type { Subscription } from '../route/subscription.js';

// Limit on the streams of one script call.
const STREAMS_PER_CALL = 50;

/** Yields every delivery held of any route. */
export function* deliveriesOf(
  subscriptions: Iterable<Subscription>,
): Iterable<InFlight<Subscription>> {
  for (const subscription of subscriptions) {
    yield* subscription.deliveries('log');
    yield* subscription.deliveries('inbox');
  }
}

/** Returns true while a delivery is held that is still ours and that Redis has not confirmed. */
export function holdsUnsettled(subscriptions: Iterable<Subscription>): boolean {
  for (const { isSettled, lostBecause } of deliveriesOf(subscriptions)) {
    if (!isSettled && lostBecause === undefined) return true;
  }
  return false;
}

/** Removes the consumer from those streams of its routes where it owns nothing any more. */
export async function leave(
  { command, group, consumer }: ConsumerContext,
  subscriptions: readonly Subscription[],
): Promise<void> {
  if (!command.ready) return;
  const keys = subscriptions.flatMap((each) => [each.keys.log, each.streamOf('inbox')]);
  for (let from = 0; from < keys.length; from += STREAMS_PER_CALL) {
    const some = { keys: keys.slice(from, from + STREAMS_PER_CALL) };
    // After a fault, a sweep removes the rest.
    await leaveScript.run(command.client, {}, { group, consumer }, some).catch(() => undefined);
  }
}
