import type { InFlight, Outcome } from '../message/index.js';
import type { Subscription } from '../consume/index.js';

type RouteDelivery = InFlight<Subscription>;

/** Steps of a route pipeline that an ack order puts in sequence. */
export interface AckSteps {
  /** Runs the handler. */
  run: (delivery: RouteDelivery) => void;
  /** Sends the outcome to Redis. */
  settle: (delivery: RouteDelivery, outcome: Outcome) => void;
  /** Frees the slot. */
  end: (delivery: RouteDelivery) => void;
  /** Reports an outcome that can no longer change anything. */
  lose: (delivery: RouteDelivery, outcome: Outcome) => void;
}

/** Order of handler and ack: the handler first (`ack: 'after'`) or the ack first (`ack: 'before'`). */
export interface AckOrder {
  /** Takes a delivery that has a slot. */
  start: (delivery: RouteDelivery, steps: AckSteps) => void;
  /** Takes the outcome of its handler. */
  outcome: (delivery: RouteDelivery, outcome: Outcome, steps: AckSteps) => void;
  /** Takes the confirmation of Redis; `isOurs` is false if the lease was lost before. */
  settled: (delivery: RouteDelivery, isOurs: boolean, steps: AckSteps) => void;
  /** Takes the refusal of Redis to settle it. */
  givenUp: (delivery: RouteDelivery, steps: AckSteps) => void;
}

/** At least once: acks a message when its handler has succeeded. */
const AFTER: AckOrder = {
  start: (delivery, { run }) => run(delivery),
  outcome: (delivery, outcome, { settle }) => settle(delivery, outcome),
  settled: () => undefined,
  givenUp: () => undefined,
};

/** At most once: acks a message before its handler starts; a failure or a crash loses it. */
const BEFORE: AckOrder = {
  start: (delivery, { settle }) => settle(delivery, { kind: 'success' }),
  outcome: (delivery, outcome, { lose }) => lose(delivery, outcome),
  settled: (delivery, isOurs, { run, end }) => {
    if (delivery.outcome?.kind !== 'success') return;
    if (isOurs) run(delivery);
    else end(delivery);
  },
  givenUp: (delivery, { end }) => end(delivery),
};

/** Ack orders by value of the option `ack`. */
export const ACK_ORDERS = Object.freeze({ after: AFTER, before: BEFORE });
