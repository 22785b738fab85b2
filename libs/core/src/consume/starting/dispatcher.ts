import { performance } from 'node:perf_hooks';

import type { InFlight } from '../../message/index.js';
import { Attention } from './attention.js';
import { Conditions } from './conditions.js';
import type { ConsumerContext } from '../route/context.js';
import { Pump } from './pump.js';
import { RateLimiter } from './rate-limiter.js';
import type { Subscription } from '../route/subscription.js';

export interface DispatcherHooks {
  /** Runs a delivery. */
  run: (delivery: InFlight<Subscription>) => void;
  /** Gives a delivery back to the group; no attempt is used up. */
  release: (delivery: InFlight<Subscription>) => void;
  /** Reports room on the route for stale deliveries that wait for it. */
  onRoom: (subscription: Subscription) => void;
  /** Reports that the route was served: it may have free slots. */
  onServed: (subscription: Subscription) => void;
  onFault: (error: unknown) => void;
}

/** Starts accepted deliveries as soon as there is a slot for them, or gives them back. */
export class Dispatcher {
  /** Checked after every event. */
  readonly conditions = new Conditions();
  private readonly limiters = new Map<Subscription, RateLimiter>();
  private readonly attention: Attention;
  private readonly pump = new Pump(() => this.serveWanting());
  /** Set while no delivery may start. */
  private holding = false;
  private stopping = false;

  constructor(
    private readonly context: ConsumerContext,
    subscriptions: ReadonlySet<Subscription>,
    private readonly hooks: DispatcherHooks,
  ) {
    this.attention = new Attention(subscriptions);
    for (const subscription of subscriptions) this.add(subscription);
  }

  /** Adds a route, which is one of the subscriptions already. */
  add(subscription: Subscription): void {
    const { context } = this;
    const { rateLimit } = subscription.options;
    if (rateLimit === undefined) return;
    const key = subscription.keys.rate(context.group);
    const onGranted = (): void => this.serveSoon(subscription);
    const { onFault } = this.hooks;
    const limiter = new RateLimiter(rateLimit, key, context, { onGranted, onFault });
    this.limiters.set(subscription, limiter);
  }

  /** Schedules a turn for the route after an event. */
  serveSoon(subscription: Subscription): void {
    this.attention.want(subscription);
    this.pump.soon();
  }

  serveAllSoon(): void {
    this.attention.wantAll();
    this.pump.soon();
  }

  /** Schedules a check of the conditions alone. */
  lookSoon(): void {
    if (!this.conditions.isEmpty) this.pump.soon();
  }

  /** Starts no delivery until resumed. */
  hold(): void {
    this.holding = true;
  }

  goOn(): void {
    this.holding = false;
    this.serveAllSoon();
  }

  /** Starts no delivery any more; deliveries accepted from now on are given back. */
  stop(): void {
    this.stopping = true;
    this.hold();
    for (const limiter of this.limiters.values()) limiter.stop();
    this.serveAllSoon();
  }

  get isStopping(): boolean {
    return this.stopping;
  }

  /** Gives back deliveries that wait on the route, so that other processes can take them. */
  giveBackWaiting(subscription: Subscription): void {
    for (const delivery of subscription.takeBuffered()) this.giveBack(delivery);
  }

  giveBack(delivery: InFlight<Subscription>): void {
    delivery.hasEnded = true;
    this.hooks.release(delivery);
  }

  private serveWanting(): void {
    const wanting = this.attention.take();
    for (const subscription of wanting) {
      // Deliveries may still arrive from a read or takeover that was on its way.
      if (this.stopping || subscription.isOff) this.giveBackWaiting(subscription);
      else if (!this.holding) {
        this.startWhatMay(subscription);
        this.askForStale(subscription);
      }
    }
    // While held, no route is served; all are served on resuming.
    if (!this.holding) for (const each of wanting) this.hooks.onServed(each);
    this.conditions.look();
  }

  private startWhatMay(subscription: Subscription): void {
    const limiter = this.limiters.get(subscription);
    while (subscription.canStart) {
      if (limiter !== undefined) {
        if (!limiter.take()) {
          if (subscription.permitSince === 0) subscription.permitSince = performance.now();
          return limiter.ask(subscription.startable);
        }
        subscription.permitSince = 0;
      }
      const next = subscription.takeNext();
      if (next === undefined) return;
      this.hooks.run(next);
    }
  }

  private askForStale(subscription: Subscription): void {
    if (!subscription.hasStaleLeft || subscription.freeSlots === 0) return;
    // Asked again later, in case no takeover has time for them now.
    this.attention.want(subscription);
    this.hooks.onRoom(subscription);
  }
}
