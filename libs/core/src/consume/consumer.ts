import { ShutdownError, type LeanMQError } from '../errors.js';
import type { InFlight } from '../message/index.js';
import type { Connection } from '../redis/index.js';
import { ByteBudget } from './route/byte-budget.js';
import type { ConsumerContext } from './route/context.js';
import { Dispatcher } from './starting/dispatcher.js';
import { ensureGroups, joinGroups } from './reading/join-groups.js';
import { Heartbeat } from './keeping/heartbeat.js';
import { Isolation } from './recovering/isolation.js';
import { deliveriesOf, holdsUnsettled, leave } from './keeping/leave.js';
import { Quarantine } from './recovering/quarantine.js';
import { onePass } from './reading/one-pass.js';
import { PassReader, type PassOptions } from './reading/pass-reader.js';
import { Readers } from './reading/readers.js';
import { Reclaimer } from './recovering/reclaimer.js';
import type { Subscription } from './route/subscription.js';
import { Verifier } from './keeping/verifier.js';
import { clockStepped, notAlone, stalled, type Warning } from './route/warnings.js';

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
  /** Something that a person should know, but that stops nothing. */
  onWarning?: (code: string, message: string) => void;
  onFault: (error: unknown) => void;
}

/**
 * One process of a group: what its parts do, from when it joins to when it has drained. They read, start what there are
 * slots for, keep what is in flight alive, and take over what others left behind.
 */
export class Consumer {
  private readonly subscriptions: Set<Subscription>;
  private readonly readers: Readers;
  private readonly heartbeat: Heartbeat;
  private readonly reclaimer: Reclaimer;
  private readonly quarantine: Quarantine;
  private readonly dispatcher: Dispatcher;
  private readonly verifier: Verifier;
  private readonly budget: ByteBudget;
  /** Reads instead of the readers, while it makes a pass. */
  private passReader: PassReader | undefined;
  private stopped: Promise<void> | undefined;
  /** Counts the calls of `switchOff`: the latest holds. */
  private switches = 0;

  constructor(
    private readonly context: ConsumerContext,
    subscriptions: readonly Subscription[],
    private readonly hooks: ConsumerHooks,
  ) {
    this.subscriptions = new Set(subscriptions);
    this.budget = new ByteBudget(context.options.lookaheadBytes);
    for (const each of subscriptions) each.share(this.budget);
    this.dispatcher = new Dispatcher(context, this.subscriptions, {
      run: hooks.run,
      release: hooks.release,
      onRoom: (subscription) => void this.reclaimer.more(subscription),
      onServed: (subscription) => this.readers.wake(subscription),
      onFault: hooks.onFault,
    });
    this.verifier = new Verifier(context, (delivery) => {
      hooks.onLost?.(delivery);
      this.dispatcher.serveSoon(delivery.route);
    });
    this.readers = new Readers(context, {
      verify: this.verifier.verify,
      onRead: (subscription) => this.dispatcher.serveSoon(subscription),
      onBarred: (barred) => this.turnOff(barred),
      onFault: hooks.onFault,
    });
    this.heartbeat = new Heartbeat(
      context,
      this.subscriptions,
      (delivery) => {
        hooks.onLost?.(delivery);
        this.forgetIfDone(delivery);
      },
      (stalledMs) => this.warn(stalled(stalledMs, context.options.leaseMs)),
    );
    this.reclaimer = new Reclaimer(context, this.subscriptions, {
      onFault: hooks.onFault,
      onClockStep: (stepMs) => this.warn(clockStepped(stepMs)),
      onUncertain: () => {
        this.readers.adoptSoon();
        this.passReader?.adoptSoon();
      },
      onReclaimed: (subscription, { taken, suspects }) => {
        if (taken.length > 0) hooks.onReclaimed?.(subscription, taken.length);
        if (suspects > 0) {
          hooks.onSuspects?.(subscription, suspects);
          this.quarantine.request(subscription);
        }
        this.dispatcher.serveSoon(subscription);
      },
    });
    const isolation = new Isolation(this.subscriptions, this.dispatcher, this.readers, hooks.run);
    this.quarantine = new Quarantine(context, this.reclaimer, isolation, (paths) =>
      this.warn(notAlone(paths)),
    );
  }

  private warn({ code, message }: Warning): void {
    this.hooks.onWarning?.(code, message);
  }

  /**
   * Makes sure that the group exists on its routes; comes before everything else.
   *
   * @param timeoutMs how long a server that refuses for now is waited for; undefined: until it does not
   */
  async join(timeoutMs: number | undefined): Promise<void> {
    const subscriptions = [...this.subscriptions];
    const barred = await this.context.command.runWithin(timeoutMs, (client) =>
      joinGroups(client, this.context, subscriptions),
    );
    this.turnOff(barred);
  }

  /** @param connect makes a connection for a reader */
  start(connect: () => Connection): void {
    this.verifier.start(this.subscriptions);
    this.readers.start(this.subscriptions, connect);
    this.heartbeat.start();
    this.reclaimer.start();
  }

  /**
   * Takes on another route while it runs.
   *
   * @param isOff whether the route is to be left alone, asked when its group is there
   */
  async add(subscription: Subscription, isOff: () => Promise<boolean>): Promise<void> {
    const barred = await this.context.command.run((client) =>
      joinGroups(client, this.context, [subscription]),
    );
    subscription.isOff = barred.length > 0 || (await isOff());
    if (this.dispatcher.isStopping) return;
    this.subscriptions.add(subscription);
    subscription.share(this.budget);
    this.dispatcher.add(subscription);
    this.readers.add(subscription);
    await this.heartbeat.beat();
  }

  /** The route has more slots than before, or fewer. */
  roomChanged(subscription: Subscription): void {
    this.dispatcher.serveSoon(subscription);
  }

  /**
   * One pass instead of a life: takes over what is stale, reads what is there, runs it, and leaves. Resolves when
   * everything that was read is settled.
   */
  async runOnce(connection: Connection, options: PassOptions): Promise<void> {
    const subscriptions = [...this.subscriptions].filter(({ isOff }) => !isOff);
    this.verifier.start(this.subscriptions);
    this.passReader = new PassReader(this.context, connection, subscriptions, this.verifier.verify);
    this.heartbeat.start();
    try {
      await onePass(this.passReader, options, {
        subscriptions,
        inFlightCount: () => this.inFlightCount,
        takeOver: (subscription, most) => this.reclaimer.visit([subscription], most),
        run: () => this.dispatcher.serveAllSoon(),
        until: (condition) => this.dispatcher.conditions.until(condition, Infinity),
        suspectsDone: () => this.quarantine.ended,
      });
    } finally {
      await this.stop();
    }
  }

  /** Stops reading, waits for the handlers, gives back what they have not finished by the deadline. */
  stop(): Promise<void> {
    this.stopped ??= this.end();
    return this.stopped;
  }

  private async end(): Promise<void> {
    const { drainTimeoutMs } = this.context.options;
    this.dispatcher.stop();
    // What is taken over by a call that is on its way already is given back as well.
    await Promise.all([this.quarantine.stop(), this.reclaimer.stop(), this.readers.stop()]);
    for (const subscription of this.subscriptions) this.dispatcher.giveBackWaiting(subscription);
    const drained = await this.dispatcher.conditions.until(
      () => this.inFlightCount === 0,
      drainTimeoutMs,
    );
    if (!drained) await this.abandonRest();
    this.heartbeat.stop();
    this.verifier.stop();
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
    this.readers.renew();
    this.dispatcher.serveAllSoon();
  }

  /** The registry has lost that the group is on these paths: says so again, where nobody has removed it. */
  async rejoin(paths: readonly string[]): Promise<void> {
    const missing = [...this.subscriptions].filter(
      ({ path, isOff }) => !isOff && paths.includes(path),
    );
    if (missing.length === 0) return;
    const { command, registry } = this.context;
    const barred = await command.run((client) =>
      ensureGroups(client, registry, missing, 'earliest', 'again'),
    );
    this.turnOff(barred);
  }

  /** The handler of a delivery has returned, or never ran: its slot is free. */
  ended(delivery: InFlight<Subscription>): void {
    const subscription = delivery.route;
    subscription.ended(delivery);
    this.forgetIfDone(delivery);
    this.dispatcher.serveSoon(subscription);
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
    return this.readers.ages;
  }

  private forgetIfDone(delivery: InFlight<Subscription>): void {
    if (delivery.isDone) delivery.route.forget(delivery);
    if (delivery.successor !== undefined) this.dispatcher.serveSoon(delivery.route);
    else this.dispatcher.lookSoon();
  }

  private turnOff(subscriptions: readonly Subscription[]): void {
    for (const subscription of subscriptions) {
      subscription.isOff = true;
      this.dispatcher.giveBackWaiting(subscription);
    }
  }

  private async abandonRest(): Promise<void> {
    const reason = new ShutdownError();
    for (const delivery of [...deliveriesOf(this.subscriptions)]) {
      // What was acked before it ran has no way back, but is to hear of it.
      if (!delivery.isSettling) this.hooks.release(delivery);
      delivery.work?.cancel(reason);
    }
    await this.dispatcher.conditions.until(() => !holdsUnsettled(this.subscriptions), CONFIRM_MS);
  }
}
