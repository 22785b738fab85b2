import type { InFlight } from '../../message/index.js';
import type { ConsumerContext } from '../route/context.js';
import { leaveScript } from './lease-scripts.js';
import type { Subscription } from '../route/subscription.js';

// One script call for so many streams.
const STREAMS_PER_CALL = 50;

/** Everything that is held of any route. */
export function* deliveriesOf(
  subscriptions: Iterable<Subscription>,
): Iterable<InFlight<Subscription>> {
  for (const subscription of subscriptions) {
    yield* subscription.deliveries('log');
    yield* subscription.deliveries('inbox');
  }
}

/** Whether anything is held that Redis has not confirmed, and that is still ours to settle. */
export function holdsUnsettled(subscriptions: Iterable<Subscription>): boolean {
  for (const { isSettled, lostBecause } of deliveriesOf(subscriptions)) {
    if (!isSettled && lostBecause === undefined) return true;
  }
  return false;
}

/** Takes the consumer off its routes' streams, where it owns nothing any more. */
export async function leave(
  { command, group, consumer }: ConsumerContext,
  subscriptions: readonly Subscription[],
): Promise<void> {
  if (!command.ready) return;
  const keys = subscriptions.flatMap((each) => [each.keys.log, each.streamOf('inbox')]);
  for (let from = 0; from < keys.length; from += STREAMS_PER_CALL) {
    const some = { keys: keys.slice(from, from + STREAMS_PER_CALL) };
    // What is left behind in a fault is removed by a sweep.
    await leaveScript.run(command.client, {}, { group, consumer }, some).catch(() => undefined);
  }
}
