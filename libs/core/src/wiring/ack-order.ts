import type { InFlight, Outcome } from '../message/index.js';
import type { Subscription } from '../consume/index.js';

type RouteDelivery = InFlight<Subscription>;

/** The acts of a route pipeline that an ack order puts in sequence. */
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

/** When a delivery is acked: after its handler (`ack: 'after'`) or before it (`ack: 'before'`). */
export interface AckOrder {
  /** The delivery has a slot. */
  start: (delivery: RouteDelivery, steps: AckSteps) => void;
  /** Its handler has an outcome. */
  outcome: (delivery: RouteDelivery, outcome: Outcome, steps: AckSteps) => void;
  /** Redis has confirmed how it ended; `isOurs` is false if the lease was lost before. */
  settled: (delivery: RouteDelivery, isOurs: boolean, steps: AckSteps) => void;
  /** Redis refuses to settle it. */
  givenUp: (delivery: RouteDelivery, steps: AckSteps) => void;
}

/** At least once: a message is acked when its handler has succeeded. */
const AFTER: AckOrder = {
  start: (delivery, { run }) => run(delivery),
  outcome: (delivery, outcome, { settle }) => settle(delivery, outcome),
  settled: () => undefined,
  givenUp: () => undefined,
};

/** At most once: a message is acked before its handler begins, and lost if that fails or the process dies. */
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

/** The ack order of each value of the option `ack`. */
export const ACK_ORDERS = Object.freeze({ after: AFTER, before: BEFORE });
