import { performance } from 'node:perf_hooks';

import type { Events } from '../events.js';
import { displayPath, type InFlight } from '../message/index.js';
import { inOwnContext } from '../own-context.js';
import type { Subscription } from '../consume/index.js';
import type { Registration } from './route-pipeline.js';

const LOOK_MS = 1_000;
// A handler that heeds its signal has ended within this time.
const HEED_MS = 1_000;

/** A route whose handlers are watched. */
export interface WatchedRoute {
  readonly registration: Registration;
  readonly subscription: Subscription;
}

/** Handlers that hold the slots of a route. */
export interface SlotHolders {
  /** Handlers whose attempt is over (timed out, lease lost, shut down) but that have not returned. */
  readonly stuck: number;
  /** Stuck handlers that have not heeded their signal for a while. */
  readonly deaf: number;
  /** Delivery whose handler has run longest; undefined if none runs. */
  readonly longest: InFlight<Subscription> | undefined;
}

/** Finds what holds the slots of a route. `now` is monotonic, in ms. */
export function slotHolders(subscription: Subscription, now = performance.now()): SlotHolders {
  let wanted = 0;
  let deaf = 0;
  let longest: InFlight<Subscription> | undefined;
  if (subscription.runningCount > 0) {
    subscription.forEachHeld((delivery) => {
      const { startedAt, hasEnded, work } = delivery;
      if (startedAt === 0 || hasEnded) return;
      if (longest === undefined || startedAt < longest.startedAt) longest = delivery;
      if (work?.cancelledAt === undefined) wanted += 1;
      else if (now - work.cancelledAt >= HEED_MS) deaf += 1;
    });
  }
  // Some deliveries are no longer ours: their slot is all that is left of them.
  return { stuck: subscription.runningCount - wanted, deaf, longest };
}

/** Reports long-running handlers, and those that hold their slots after their attempt is over, once each time. */
export class Standstill {
  private timer: NodeJS.Timeout | undefined;
  /** Routes with stuck handlers that were reported, on some or on all of their slots. */
  private readonly toldStuck = new Map<Subscription, 'some' | 'all'>();
  /** Delivery of each route that was reported as long-running. */
  private readonly toldLong = new Map<Subscription, InFlight<Subscription>>();

  constructor(
    private readonly routes: () => Iterable<WatchedRoute>,
    private readonly events: Events,
  ) {}

  start(): void {
    this.timer = inOwnContext(() => setInterval(() => this.look(), LOOK_MS));
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private look(): void {
    const now = performance.now();
    for (const route of this.routes()) {
      const holders = slotHolders(route.subscription, now);
      this.lookForStuck(route, holders);
      this.lookForLong(route, holders, now);
    }
  }

  private lookForStuck({ subscription }: WatchedRoute, { deaf }: SlotHolders): void {
    if (deaf === 0) return void this.toldStuck.delete(subscription);
    const slots = subscription.options.concurrency;
    const holding = deaf >= slots ? 'all' : 'some';
    const told = this.toldStuck.get(subscription);
    if (told === 'all' || told === holding) return;
    this.toldStuck.set(subscription, holding);
    const shown = displayPath(subscription.path);
    const outlook =
      holding === 'all' ? 'nothing is delivered here until one returns' : 'the others continue';
    const message = `${deaf} of ${slots} slots of "${shown}" are held by handlers that have not returned although their attempt is over; ${outlook}. Have the handler heed its signal.`;
    this.events.tell('warning', () => ({ code: 'HANDLER_STUCK', message }));
  }

  private lookForLong(
    { registration, subscription }: WatchedRoute,
    { longest }: SlotHolders,
    now: number,
  ): void {
    const { longRunningMs } = registration.options;
    const told = this.toldLong.get(subscription);
    if (told?.hasEnded === true) this.toldLong.delete(subscription);
    if (longest === undefined || now - longest.startedAt < longRunningMs) return;
    // Reported once, until no handler of the route runs that long any more.
    this.toldLong.set(subscription, longest);
    if (told !== undefined) return;
    const shown = displayPath(subscription.path);
    const seconds = Math.round((now - longest.startedAt) / 1_000);
    const message = `The handler of "${shown}" has been running for ${seconds} s with message ${longest.messageId}. If this is expected, raise its option "longRunningMs"; otherwise set "handlerTimeoutMs".`;
    this.events.tell('warning', () => ({ code: 'HANDLER_RUNS_LONG', message }));
  }
}
