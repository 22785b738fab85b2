import { performance } from 'node:perf_hooks';

import { HandlerTimeoutError } from '../errors.js';
import type { InFlight, Outcome } from '../message/index.js';
import { inOwnContext } from '../own-context.js';
import { isThenable } from '../within.js';
import { Delivery, type DeliverySource } from './delivery.js';
import type { Once } from './once.js';
import { hasExpired, openDelivery, type OpenRules } from './open.js';
import type { RunOptions, WebhookHandler } from './options.js';
import { Timeouts } from './timeouts.js';

/** Listener for the progress of a delivery; the methods are called in this order. */
export interface RunnerHooks<Route> {
  /** Reports the outcome of a delivery. Only the first one counts. */
  onOutcome: (inFlight: InFlight<Route>, outcome: Outcome) => void;
  /** Reports that the handler has really ended; after a timeout, this is later than the outcome. */
  onEnded: (inFlight: InFlight<Route>) => void;
}

export interface RunnerParts<Route> {
  readonly handler: WebhookHandler;
  readonly rules: OpenRules<Route>;
  readonly options: Pick<RunOptions, 'handlerTimeoutMs'>;
  /** Undefined for a handler that is not idempotent. */
  readonly once: Once | undefined;
}

// Maximum and minimum time before a duplicate checks again whether the first delivery has finished.
const POSTPONE_MS = 1_000;
const POSTPONE_LEAST_MS = 100;
const SUCCESS: Outcome = Object.freeze({ kind: 'success' });
const DUPLICATE: Outcome = Object.freeze({ kind: 'duplicate' });

/**
 * Runs the deliveries of one route:
 *
 * 1. opens the entry; an entry that no handler may see gets its outcome at once
 * 2. for an idempotent handler, skips what is done and postpones what runs elsewhere
 * 3. calls the handler with a signal that aborts when its result is no longer needed
 * 4. reports the outcome and, separately, the moment when the handler has ended
 */
export class Runner<Route extends DeliverySource> {
  private readonly handler: WebhookHandler;
  private readonly rules: OpenRules<Route>;
  private readonly once: Once | undefined;
  private readonly timeouts: Timeouts<Delivery<unknown>> | undefined;
  private readonly running = new Map<Delivery<unknown>, InFlight<Route>>();

  constructor(
    { handler, rules, options, once }: RunnerParts<Route>,
    private readonly hooks: RunnerHooks<Route>,
  ) {
    this.handler = handler;
    this.rules = rules;
    this.once = once;
    const { handlerTimeoutMs } = options;
    if (handlerTimeoutMs === undefined) return;
    this.timeouts = new Timeouts(handlerTimeoutMs, (delivery) => {
      const inFlight = this.running.get(delivery);
      if (inFlight === undefined) return;
      const error = new HandlerTimeoutError(handlerTimeoutMs);
      delivery.cancel(error);
      this.hooks.onOutcome(inFlight, { kind: 'failure', error });
    });
  }

  run(inFlight: InFlight<Route>): void {
    const opened = openDelivery(inFlight, this.rules);
    if (opened instanceof Promise) void opened.then((later) => this.runOpened(inFlight, later));
    else this.runOpened(inFlight, opened);
  }

  private runOpened(inFlight: InFlight<Route>, opened: Delivery<unknown> | Outcome): void {
    if (!(opened instanceof Delivery)) this.finishUnrun(inFlight, opened);
    else if (this.once === undefined) this.call(inFlight, opened);
    else this.callOnce(this.once, inFlight, opened);
  }

  private callOnce(once: Once, inFlight: InFlight<Route>, delivery: Delivery<unknown>): void {
    inFlight.work = delivery;
    inOwnContext(() => once.begin(inFlight, delivery, delivery.signal)).then(
      (decision) => {
        if (decision.state === 'run') return this.callUnlessCancelled(once, inFlight, delivery);
        const delayMs = decision.state === 'busy' ? postponeMs(decision.forMs) : 0;
        this.finishUnrun(
          inFlight,
          decision.state === 'done' ? DUPLICATE : { kind: 'postponed', delayMs },
        );
      },
      (error: unknown) =>
        this.finishUnrun(
          inFlight,
          inFlight.lostBecause === undefined ? { kind: 'failure', error } : { kind: 'released' },
        ),
    );
  }

  /**
   * Checks the delivery again after the wait for the mark. If this process was frozen meanwhile, another one may have
   * taken the delivery over or finished it. An entry that has expired meanwhile ends at its next turn.
   */
  private callUnlessCancelled(
    once: Once,
    inFlight: InFlight<Route>,
    delivery: Delivery<unknown>,
  ): void {
    const isOurs = !delivery.isCancelled && performance.now() < inFlight.leasedUntil;
    if (isOurs && !hasExpired(inFlight.open(), this.rules.now())) {
      return this.call(inFlight, delivery);
    }
    // If the store misses this call, the key becomes free when the lease runs out.
    once.end(inFlight, delivery, false).catch(() => undefined);
    this.finishUnrun(inFlight, { kind: 'released' });
  }

  /** Runs the handler and reports its outcome to a custom store before Redis. */
  private readonly handleOnce = async (
    once: Once,
    inFlight: InFlight<Route>,
    delivery: Delivery<unknown>,
  ): Promise<void> => {
    try {
      await this.handler(delivery);
    } catch (error) {
      // If the store misses this call, the key becomes free when the lease runs out.
      await once.end(inFlight, delivery, false).catch(() => undefined);
      throw error;
    }
    await once.end(inFlight, delivery, true);
  };

  private call(inFlight: InFlight<Route>, delivery: Delivery<unknown>): void {
    inFlight.work = delivery;
    if (this.timeouts !== undefined) {
      this.running.set(delivery, inFlight);
      this.timeouts.add(delivery);
    }
    let pending: Promise<unknown> | undefined;
    try {
      const result: unknown =
        this.once === undefined
          ? inOwnContext(this.handler, delivery)
          : inOwnContext(this.handleOnce, this.once, inFlight, delivery);
      // Wrapped in a native promise: a foreign thenable may throw, or settle twice.
      if (isThenable(result)) pending = Promise.resolve(result);
    } catch (error) {
      return this.finish(inFlight, delivery, { kind: 'failure', error });
    }
    if (pending === undefined) return this.finish(inFlight, delivery, SUCCESS);
    pending.then(
      () => this.finish(inFlight, delivery, SUCCESS),
      (error: unknown) => this.finish(inFlight, delivery, { kind: 'failure', error }),
    );
  }

  private finish(inFlight: InFlight<Route>, delivery: Delivery<unknown>, outcome: Outcome): void {
    if (this.timeouts !== undefined) {
      this.timeouts.delete(delivery);
      this.running.delete(delivery);
    }
    inFlight.work = undefined;
    this.hooks.onOutcome(inFlight, outcome);
    this.hooks.onEnded(inFlight);
  }

  private finishUnrun(inFlight: InFlight<Route>, outcome: Outcome): void {
    this.hooks.onOutcome(inFlight, outcome);
    this.hooks.onEnded(inFlight);
  }
}

function postponeMs(busyMs: number): number {
  // The mark may stay taken although its time has run out; asking at once would loop without end.
  if (busyMs <= 0) return POSTPONE_MS;
  return Math.min(Math.max(busyMs, POSTPONE_LEAST_MS), POSTPONE_MS);
}
