import type { Events } from '../events.js';
import type { InFlight } from '../message/index.js';
import type { ConsumerContext, Subscription } from '../consume/index.js';
import type { Verdict } from '../settle/index.js';
import type { Sweeper } from '../sweep/index.js';
import { tellSettled } from './delivery-events.js';

/** Listeners for each delivery that Redis has settled. */
export interface SettledListeners {
  readonly context: ConsumerContext;
  readonly sweeper: Sweeper;
  readonly events: Events;
}

/** Reports a settled delivery to the sweeper, which trims and promotes, and to the events. */
export function noteSettled(
  { context, sweeper, events }: SettledListeners,
  delivery: InFlight<Subscription>,
  verdict: Verdict,
  isOurs: boolean,
): void {
  const { path } = delivery.route;
  sweeper.settled(path, 1);
  // A retry that is due at once is not in the schedule.
  if (verdict.kind === 'retry' && verdict.delayMs > 0 && isOurs) {
    sweeper.scheduledIn(path, verdict.delayMs);
  }
  tellSettled(events, context.consumer, delivery, verdict, isOurs);
}
