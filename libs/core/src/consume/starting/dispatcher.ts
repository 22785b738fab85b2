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
  /** Gives a delivery back without using an attempt up. */
  release: (delivery: InFlight<Subscription>) => void;
  /** There is room on the route for stale deliveries that wait for it. */
  onRoom: (subscription: Subscription) => void;
  /** The route was served: slots of it may be free. */
  onServed: (subscription: Subscription) => void;
  onFault: (error: unknown) => void;
}

/** Starts what has been taken in as soon as there is a slot for it, or gives it back. */
export class Dispatcher {
  /** Looked at whenever something has happened. */
  readonly conditions = new Conditions();
  private readonly limiters = new Map<Subscription, RateLimiter>();
  private readonly attention: Attention;
  private readonly pump = new Pump(() => this.serveWanting());
  /** Nothing is started. */
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

  /** Looks after another route, which is one of its subscriptions by now. */
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

  /** Something has happened to the route. */
  serveSoon(subscription: Subscription): void {
    this.attention.want(subscription);
    this.pump.soon();
  }

  serveAllSoon(): void {
    this.attention.wantAll();
    this.pump.soon();
  }

  /** Something has happened that only who waits for a condition cares about. */
  lookSoon(): void {
    if (!this.conditions.isEmpty) this.pump.soon();
  }

  /** Starts nothing until told to go on. */
  hold(): void {
    this.holding = true;
  }

  goOn(): void {
    this.holding = false;
    this.serveAllSoon();
  }

  /** Starts nothing any more; what is taken in from now on is given back. */
  stop(): void {
    this.stopping = true;
    this.hold();
    for (const limiter of this.limiters.values()) limiter.stop();
    this.serveAllSoon();
  }

  get isStopping(): boolean {
    return this.stopping;
  }

  /** What waits on the route, which can be taken by others then. */
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
      // A read or a takeover that was on its way then has brought it.
      if (this.stopping || subscription.isOff) this.giveBackWaiting(subscription);
      else if (!this.holding) {
        this.startWhatMay(subscription);
        this.askForStale(subscription);
      }
    }
    // Who holds serves all of them when it goes on.
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
    // If nobody has time for them, it is asked again.
    this.attention.want(subscription);
    this.hooks.onRoom(subscription);
  }
}
