import type { DeliveryEvent, Events } from '../events.js';
import {
  displayPath,
  entryTime,
  recordError,
  type InFlight,
  type Outcome,
} from '../message/index.js';
import type { Subscription } from '../consume/index.js';
import type { Verdict } from '../settle/index.js';

export function aboutDelivery(delivery: InFlight<Subscription>, consumer: string): DeliveryEvent {
  const { path, group } = delivery.route;
  const attempt = delivery.attemptsBefore + 1;
  const publishedAt = entryTime(delivery.origin);
  return { path, group, consumer, id: delivery.messageId, attempt, publishedAt };
}

/** Emits the event for the end of a delivery, once Redis has confirmed it. */
export function tellSettled(
  events: Events,
  consumer: string,
  delivery: InFlight<Subscription>,
  verdict: Verdict,
  isOurs: boolean,
): void {
  const outcome = delivery.outcome?.kind;
  if (verdict.kind === 'ack' && outcome === 'success') {
    return tellAcked(events, consumer, delivery, isOurs);
  }
  const about = (): DeliveryEvent => aboutDelivery(delivery, consumer);
  // A late failure changed nothing.
  if (!isOurs) return events.tell('leaseLost', about);
  if (outcome === 'duplicate') events.tell('skipped', about);
  if (outcome === 'expired') events.tell('expired', about);
  if (verdict.kind === 'retry') {
    const { delayMs, error } = verdict;
    // A duplicate that waits for the first delivery has not failed.
    if (error === undefined) return;
    const { ranMs: runMs } = delivery;
    events.tell('retried', () => ({ ...about(), delayMs, error, runMs }));
  } else if (verdict.kind === 'dead') {
    const { reason, error } = verdict;
    const { ranMs: runMs } = delivery;
    events.tell('deadLettered', () => ({ ...about(), reason, error, runMs }));
  } else if (verdict.kind === 'release') {
    events.tell('released', about);
  } else if (verdict.kind === 'drop') {
    events.tell('dropped', about);
  }
}

/** Separate, because every message takes this path. */
function tellAcked(
  events: Events,
  consumer: string,
  delivery: InFlight<Subscription>,
  isOurs: boolean,
): void {
  if (!events.isHeard('acked')) return;
  events.tell('acked', () => ({
    ...aboutDelivery(delivery, consumer),
    leaseLost: !isOurs,
    runMs: performance.now() - delivery.startedAt,
  }));
}

/** Emits the event for a delivery that was acked before it was handled and then failed. */
export function tellLost(
  events: Events,
  consumer: string,
  delivery: InFlight<Subscription>,
  outcome: Outcome,
): void {
  if (outcome.kind === 'success') return;
  const error = recordError('error' in outcome ? outcome.error : new Error(outcome.kind));
  events.tell('lost', () => ({ ...aboutDelivery(delivery, consumer), error }));
}

/** Warns that deliveries cannot be handed over, because a target key has another type or accepts nothing more. */
export function tellBlocked(
  events: Events,
  { path, group }: { readonly path: string; readonly group: string },
  count: number,
): void {
  const message = `${count} deliveries of "${displayPath(path)}" in group "${group}" cannot be handed over, because a key of the queue has another type or accepts nothing more; they are tried again every second.`;
  events.tell('warning', () => ({ code: 'HAND_OVER_BLOCKED', message }));
}
