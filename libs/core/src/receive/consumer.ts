import { performance } from 'node:perf_hooks';

import { ShutdownError, type LeanMQError } from '../errors.js';
import type { InFlight } from '../message/index.js';
import type { Connection } from '../redis/index.js';
import { Attention } from './attention.js';
import { Conditions } from './conditions.js';
import type { ConsumerContext } from './context.js';
import { ensureGroups } from './groups.js';
import { Heartbeat } from './heartbeat.js';
import { deliveriesOf, holdsUnsettled, leave } from './leave.js';
import { Quarantine } from './quarantine.js';
import { RateLimiter } from './rate-limiter.js';
import { onePass } from './one-pass.js';
import type { PassOptions } from './pass.js';
import { Pump } from './pump.js';
import { Reader } from './reader.js';
import { Reclaimer } from './reclaimer.js';
import type { Subscription } from './subscription.js';

// Two streams for each route: the more there are, the more it costs the server to wake one blocked read; see ADR 0013.
const ROUTES_PER_READER = 25;
// How long what was released at the end may take to be confirmed.
const CONFIRM_MS = 2_000;

export interface ConsumerHooks {
  /** Runs a delivery; `ended` and `settled` are to be called in turn. */
  run: (delivery: InFlight<Subscription>) => void;
  /** Gives a delivery back without using an attempt up; `settled` is to be called. */
  release: (delivery: InFlight<Subscription>) => void;
  onReclaimed?: (subscription: Subscription, count: number) => void;
  onSuspects?: (subscription: Subscription, count: number) => void;
  onLost?: (delivery: InFlight<Subscription>) => void;
  onFault: (error: unknown) => void;
}

/**
 * One process of a group: reads its routes, starts what there are slots for, keeps what is in flight alive, takes over
 * what others left behind, and drains when it stops.
 */
export class Consumer {
  private readonly subscriptions = new Set<Subscription>();
  private readonly readers: Reader[] = [];
  private readonly readerOf = new Map<Subscription, Reader>();
  private readonly heartbeat: Heartbeat;
  private readonly reclaimer: Reclaimer;
  private readonly quarantine: Quarantine;
  private readonly limiters = new Map<Subscription, RateLimiter>();
  private readonly conditions = new Conditions();
  private readonly attention = new Attention(this.subscriptions);
  private readonly pump = new Pump(() => this.serveWanting());
  /** Nothing is started: it drains, or a suspect runs alone. */
  private holding = false;
  private stopping = false;
  /** Counts the calls of `switchOff`: the latest holds. */
  private switches = 0;

  constructor(
    private readonly context: ConsumerContext,
    subscriptions: readonly Subscription[],
    private readonly hooks: ConsumerHooks,
  ) {
    for (const subscription of subscriptions) {
      this.subscriptions.add(subscription);
      const { rateLimit } = subscription.options;
      if (rateLimit !== undefined) {
        const key = subscription.keys.rate(context.group);
        const onGranted = (): void => this.serveSoon(subscription);
        this.limiters.set(subscription, new RateLimiter(rateLimit, key, context, onGranted));
      }
    }
    this.heartbeat = new Heartbeat(context, this.subscriptions, (delivery) => {
      hooks.onLost?.(delivery);
      this.forgetIfDone(delivery);
    });
    this.reclaimer = new Reclaimer(context, this.subscriptions, {
      onFault: hooks.onFault,
      onUncertain: () => {
        for (const reader of this.readers) reader.adoptSoon();
      },
      onReclaimed: (subscription, { taken, suspects }) => {
        if (taken.length > 0) hooks.onReclaimed?.(subscription, taken.length);
        if (suspects > 0) {
          hooks.onSuspects?.(subscription, suspects);
          this.quarantine.request(subscription);
        }
        this.serveSoon(subscription);
      },
    });
    this.quarantine = new Quarantine(context, this.reclaimer, {
      enter: (timeoutMs) => this.isolate(timeoutMs),
      runApart: (suspects) => this.runApart(suspects),
      leave: () => this.rejoin(),
    });
  }

  /**
   * Makes sure that the group exists on its routes; comes before everything else.
   *
   * @param timeoutMs how long a server that refuses for now is waited for; undefined: until it does not
   */
  async join(timeoutMs: number | undefined): Promise<void> {
    const { command, registry, options } = this.context;
    const subscriptions = [...this.subscriptions];
    const barred = await command.runWithin(timeoutMs, (client) =>
      ensureGroups(client, registry, subscriptions, options.startFrom),
    );
    this.turnOff(barred);
  }

  /** @param connect makes a connection for a reader */
  start(connect: () => Connection): void {
    const subscriptions = [...this.subscriptions];
    for (let from = 0; from < subscriptions.length; from += ROUTES_PER_READER) {
      const connection = connect();
      connection.open();
      const some = subscriptions.slice(from, from + ROUTES_PER_READER);
      const reader = new Reader(this.context, connection, some, {
        onRead: (subscription) => this.serveSoon(subscription),
        onBarred: (barred) => this.turnOff(barred),
        onFault: this.hooks.onFault,
      });
      this.readers.push(reader);
      for (const subscription of some) this.readerOf.set(subscription, reader);
      reader.start();
    }
    this.heartbeat.start();
    this.reclaimer.start();
  }

  /**
   * One pass instead of a life: takes over what is stale, reads what is there, runs it, and leaves. Resolves when
   * everything that was read is settled.
   */
  async runOnce(connection: Connection, options: PassOptions): Promise<void> {
    this.heartbeat.start();
    try {
      await onePass(this.context, connection, options, {
        subscriptions: [...this.subscriptions].filter(({ isOff }) => !isOff),
        inFlightCount: () => this.inFlightCount,
        takeOver: (subscription, most) => this.reclaimer.visit([subscription], most),
        run: () => this.serveAllSoon(),
        until: (condition) => this.conditions.until(condition, Infinity),
        suspectsDone: () => this.quarantine.ended,
      });
    } finally {
      await this.stop();
    }
  }

  /** Stops reading, waits for the handlers, gives back what they have not finished by the deadline. */
  async stop(): Promise<void> {
    const { drainTimeoutMs } = this.context.options;
    this.stopping = true;
    this.holding = true;
    for (const limiter of this.limiters.values()) limiter.stop();
    this.serveAllSoon();
    // What is taken over by a call that is on its way already is given back as well.
    await Promise.all([
      this.quarantine.stop(),
      this.reclaimer.stop(),
      ...this.readers.map((reader) => reader.stop()),
    ]);
    for (const subscription of this.subscriptions) this.giveBackWaiting(subscription);
    const drained = await this.conditions.until(() => this.inFlightCount === 0, drainTimeoutMs);
    if (!drained) await this.abandonRest();
    this.heartbeat.stop();
    await leave(this.context, [...this.subscriptions]);
  }

  /**
   * Stops or goes on with routes. What was read and has not begun is given back, so that it need not wait here.
   *
   * @param isOff for each path, whether it is to be left alone
   */
  async switchOff(isOff: (path: string) => boolean): Promise<void> {
    this.switches += 1;
    const own = this.switches;
    const revived: Subscription[] = [];
    for (const subscription of this.subscriptions) {
      const off = isOff(subscription.path);
      if (subscription.isOff === off) continue;
      if (off) this.turnOff([subscription]);
      else revived.push(subscription);
    }
    if (revived.length > 0) {
      const { command, registry } = this.context;
      const barred = await command.run((client) =>
        ensureGroups(client, registry, revived, 'earliest', 'again'),
      );
      if (own !== this.switches) return;
      for (const each of revived) each.isOff = barred.includes(each);
    }
    for (const reader of this.readers) reader.renew();
    this.serveAllSoon();
  }

  /** The handler of a delivery has returned, or never ran: its slot is free. */
  ended(delivery: InFlight<Subscription>): void {
    const subscription = delivery.route;
    subscription.ended(delivery);
    this.forgetIfDone(delivery);
    this.serveSoon(subscription);
  }

  /** Redis has confirmed how the delivery ended. */
  settled(delivery: InFlight<Subscription>): void {
    delivery.isSettled = true;
    this.forgetIfDone(delivery);
  }

  /** Redis refuses to settle it: it is no longer kept alive, and comes again when its lease has run out. */
  giveUp(delivery: InFlight<Subscription>, reason: LeanMQError): void {
    delivery.lose(reason);
    this.settled(delivery);
  }

  get inFlightCount(): number {
    let count = 0;
    for (const subscription of this.subscriptions) count += subscription.inFlightCount;
    return count;
  }

  /** For each reader how long ago a read last came back, ms. */
  get readAges(): number[] {
    return this.readers.map(({ lastReadAt }) => performance.now() - lastReadAt);
  }

  private serveSoon(subscription: Subscription): void {
    this.attention.want(subscription);
    this.pump.soon();
  }

  private serveAllSoon(): void {
    this.attention.wantAll();
    this.pump.soon();
  }

  private serveWanting(): void {
    const wanting = this.attention.take();
    for (const subscription of wanting) {
      // A read or a takeover that was on its way then has brought it.
      if (this.stopping || subscription.isOff) this.giveBackWaiting(subscription);
      else if (!this.holding) this.serve(subscription);
    }
    // Who holds serves all of them when it goes on.
    if (!this.holding) {
      for (const each of wanting) this.readerOf.get(each)?.wake(each);
    }
    this.conditions.look();
  }

  private serve(subscription: Subscription): void {
    this.startWhatMay(subscription);
    if (!subscription.hasStaleLeft || subscription.freeSlots === 0) return;
    // If it is busy elsewhere, it is asked again.
    this.attention.want(subscription);
    void this.reclaimer.more(subscription);
  }

  private forgetIfDone(delivery: InFlight<Subscription>): void {
    if (isDone(delivery)) delivery.route.forget(delivery);
    if (delivery.successor !== undefined) this.serveSoon(delivery.route);
    else if (!this.conditions.isEmpty) this.pump.soon();
  }

  private startWhatMay(subscription: Subscription): void {
    const limiter = this.limiters.get(subscription);
    while (subscription.canStart) {
      if (limiter?.take() === false) return limiter.ask(subscription.startable);
      const next = subscription.takeNext();
      if (next === undefined) return;
      this.hooks.run(next);
    }
  }

  private turnOff(subscriptions: readonly Subscription[]): void {
    for (const subscription of subscriptions) {
      subscription.isOff = true;
      this.giveBackWaiting(subscription);
    }
  }

  private giveBackWaiting(subscription: Subscription): void {
    for (const delivery of subscription.takeBuffered()) this.giveBack(delivery);
  }

  private giveBack(delivery: InFlight<Subscription>): void {
    delivery.hasEnded = true;
    this.hooks.release(delivery);
  }

  private async abandonRest(): Promise<void> {
    const reason = new ShutdownError();
    for (const delivery of [...deliveriesOf(this.subscriptions)]) {
      // What was acked before it ran has no way back, but is to hear of it.
      if (!delivery.isSettling) this.hooks.release(delivery);
      delivery.work?.cancel(reason);
    }
    await this.conditions.until(() => !holdsUnsettled(this.subscriptions), CONFIRM_MS);
  }

  private async isolate(timeoutMs: number): Promise<boolean> {
    this.holding = true;
    for (const reader of this.readers) reader.pause();
    const isQuiet = (): boolean =>
      [...this.subscriptions].every(({ runningCount }) => runningCount === 0);
    return this.conditions.until(() => this.stopping || isQuiet(), timeoutMs);
  }

  private async runApart(suspects: readonly InFlight<Subscription>[]): Promise<void> {
    if (this.stopping) {
      for (const suspect of suspects) this.giveBack(suspect);
      return;
    }
    for (const suspect of suspects) {
      suspect.route.begin(suspect);
      this.hooks.run(suspect);
    }
    // A handler that never ends keeps its slot, not everything else.
    await this.conditions.until(() => this.stopping || suspects.every(isOver), Infinity);
  }

  private rejoin(): void {
    if (this.stopping) return;
    this.holding = false;
    for (const reader of this.readers) reader.resume();
    this.serveAllSoon();
  }
}

function isDone(delivery: InFlight<Subscription>): boolean {
  return delivery.hasEnded && isOver(delivery);
}

function isOver({ isSettled, isSettling, lostBecause }: InFlight<Subscription>): boolean {
  // A late success may still count: until that is known, what was claimed anew is not to run.
  return isSettled || (lostBecause !== undefined && !isSettling);
}
