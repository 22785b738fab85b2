import { performance } from 'node:perf_hooks';

import { HandlerTimeoutError, UndecodableError } from '../errors.js';
import {
  assertUtf8,
  decodeHeaders,
  decodePayload,
  mayBeDamaged,
  type Entry,
  type InFlight,
  type Outcome,
} from '../message/index.js';
import { inOwnContext } from '../own-context.js';
import { isThenable } from '../within.js';
import { Delivery, type DeliverySource } from './delivery.js';
import type { Once } from './once.js';
import type { RunOptions, WebhookHandler } from './options.js';
import { Timeouts } from './timeouts.js';

export interface RunnerHooks<Route> {
  /** How it went. The first outcome of a delivery counts. */
  onOutcome: (inFlight: InFlight<Route>, outcome: Outcome) => void;
  /** The handler has really ended, which after a timeout is later than its outcome. */
  onEnded: (inFlight: InFlight<Route>) => void;
  /** The raw fields of the entry, for a look at bytes that the client could not decode. */
  readRaw: (inFlight: InFlight<Route>) => Promise<Uint8Array[]>;
  /** Epoch ms on the server's clock. */
  now: () => number;
}

// How long a duplicate waits at most before it asks again whether the first has finished, and at least.
const POSTPONE_MS = 1_000;
const POSTPONE_LEAST_MS = 100;
const SUCCESS: Outcome = Object.freeze({ kind: 'success' });
const DUPLICATE: Outcome = Object.freeze({ kind: 'duplicate' });
const EXPIRED: Outcome = Object.freeze({ kind: 'expired' });

/**
 * Runs the deliveries of one route:
 *
 * 1. reads the entry; what cannot be read is undecodable, what has brought down too many processes is poison
 * 2. what has expired never reaches the handler
 * 3. of an idempotent handler, what is done already is not run again, and what runs elsewhere waits
 * 4. calls the handler, with a signal that aborts when its work is no longer wanted
 * 5. reports the outcome, and apart from it when the handler has ended
 */
export class Runner<Route extends DeliverySource> {
  private readonly timeouts: Timeouts<Delivery<unknown>> | undefined;
  private readonly running = new Map<Delivery<unknown>, InFlight<Route>>();

  constructor(
    private readonly handler: WebhookHandler,
    private readonly consumer: string,
    private readonly maxCrashes: number,
    { handlerTimeoutMs }: Pick<RunOptions, 'handlerTimeoutMs'>,
    private readonly once: Once | undefined,
    private readonly hooks: RunnerHooks<Route>,
  ) {
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
    if (!mayBeDamaged(inFlight.fields)) return this.runReadable(inFlight);
    this.hooks
      .readRaw(inFlight)
      .then((fields) => assertUtf8(fields))
      .then(
        () => this.runReadable(inFlight),
        (error: unknown) => this.finishUnrun(inFlight, unreadable(error)),
      );
  }

  private runReadable(inFlight: InFlight<Route>): void {
    let delivery: Delivery<unknown>;
    try {
      const entry = inFlight.open();
      if (inFlight.deliveries > this.maxCrashes)
        return this.finishUnrun(inFlight, poison(inFlight));
      if (this.hasExpired(entry)) return this.finishUnrun(inFlight, EXPIRED);
      delivery = this.deliveryOf(inFlight, entry);
    } catch (error) {
      return this.finishUnrun(inFlight, unreadable(error));
    }
    if (this.once === undefined) this.call(inFlight, delivery);
    else this.callOnce(this.once, inFlight, delivery);
  }

  private hasExpired({ expiresAt }: Entry): boolean {
    return expiresAt !== undefined && expiresAt <= this.hooks.now();
  }

  private deliveryOf(inFlight: InFlight<Route>, entry: Entry): Delivery<unknown> {
    // Headers that cannot be read are found out here, not by the handler that asks for them.
    if (entry.headers !== undefined) decodeHeaders(entry.headers);
    return new Delivery(inFlight.route, this.consumer, decodePayload(entry.data), inFlight, entry);
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
   * By the time that it may run, somebody else may have it or have done it, if this process was frozen meanwhile; or it may
   * have expired, and then it ends at its next turn.
   */
  private callUnlessCancelled(
    once: Once,
    inFlight: InFlight<Route>,
    delivery: Delivery<unknown>,
  ): void {
    const isOurs = !delivery.isCancelled && performance.now() < inFlight.leasedUntil;
    if (isOurs && !this.hasExpired(inFlight.open())) {
      return this.call(inFlight, delivery);
    }
    // A store that does not hear of it frees the key when the lease has run out.
    once.end(inFlight, delivery, false).catch(() => undefined);
    this.finishUnrun(inFlight, { kind: 'released' });
  }

  /** A store of the user's hears of it before Redis does. */
  private readonly handleOnce = async (
    once: Once,
    inFlight: InFlight<Route>,
    delivery: Delivery<unknown>,
  ): Promise<void> => {
    try {
      await this.handler(delivery);
    } catch (error) {
      // A store that does not hear of it frees the key when the lease has run out.
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
      // Made a promise of, because a thenable of another make may throw, or settle twice.
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
  // A mark that is taken and yet has run out may stay so: whoever asked at once would ask without end.
  if (busyMs <= 0) return POSTPONE_MS;
  return Math.min(Math.max(busyMs, POSTPONE_LEAST_MS), POSTPONE_MS);
}

function unreadable(error: unknown): Outcome {
  // Anything else is a fault on the way to the raw bytes, and no reason to give the message up.
  if (!(error instanceof UndecodableError)) return { kind: 'released' };
  return { kind: 'dead', reason: 'undecodable', error };
}

function poison({ crashes }: InFlight<unknown>): Outcome {
  const error = new Error(
    `The process died or stalled ${crashes} times with this message, the last time alone.`,
  );
  error.name = 'PoisonMessage';
  return { kind: 'dead', reason: 'poison', error };
}
