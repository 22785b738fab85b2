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

// Time limit for the confirmation of deliveries released at the end.
const CONFIRM_MS = 2_000;

export interface ConsumerHooks {
  /** Runs a delivery; call `ended` and `settled` in turn. */
  run: (delivery: InFlight<Subscription>) => void;
  /** Gives a delivery back to the group; no attempt is used up. Call `settled` afterwards. */
  release: (delivery: InFlight<Subscription>) => void;
  onReclaimed?: (subscription: Subscription, count: number) => void;
  onSuspects?: (subscription: Subscription, count: number) => void;
  onLost?: (delivery: InFlight<Subscription>) => void;
  /** Reports a problem that an operator should know about, but that stops nothing. */
  onWarning?: (code: string, message: string) => void;
  onFault: (error: unknown) => void;
}

/**
 * The consumer of one process of a group, from joining until it has drained. Its parts read messages, start those that
 * have a slot, renew the leases of what is in flight, and take over what others left behind.
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
  /** Replaces the readers during a single pass. */
  private passReader: PassReader | undefined;
  private stopped: Promise<void> | undefined;
  /** Number of calls of `switchOff`; the latest one wins. */
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
   * Makes sure that the group exists on its routes. Must be called first.
   *
   * @param timeoutMs time limit for a server that refuses for now, in ms; undefined for no limit
   */
  async join(timeoutMs: number | undefined): Promise<void> {
    const subscriptions = [...this.subscriptions];
    const barred = await this.context.command.runWithin(timeoutMs, (client) =>
      joinGroups(client, this.context, subscriptions),
    );
    this.turnOff(barred);
  }

  /** @param connect creates a connection for a reader */
  start(connect: () => Connection): void {
    this.verifier.start(this.subscriptions);
    this.readers.start(this.subscriptions, connect);
    this.heartbeat.start();
    this.reclaimer.start();
  }

  /**
   * Adds a route while it runs.
   *
   * @param isOff resolves to true when the route must not be consumed; called once its group exists
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

  /** Adapts to a changed number of slots on the route. */
  roomChanged(subscription: Subscription): void {
    this.dispatcher.serveSoon(subscription);
  }

  /**
   * Makes a single pass: takes over stale deliveries, reads new ones, runs them, and leaves. Resolves when all are
   * settled.
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

  /** Stops reading, waits for the handlers, and gives back what they have not finished by the deadline. */
  stop(): Promise<void> {
    this.stopped ??= this.end();
    return this.stopped;
  }

  private async end(): Promise<void> {
    const { drainTimeoutMs } = this.context.options;
    this.dispatcher.stop();
    // Deliveries of a takeover that is on its way are given back as well.
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
   * Stops or resumes routes. Deliveries that were read but not started are given back, so that they need not wait here.
   *
   * @param isOff returns true for a path that must not be consumed
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

  /** Registers the group again on paths that the registry has lost, where nobody has removed it. */
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

  /** Frees the slot of a delivery whose handler has returned, or never ran. */
  ended(delivery: InFlight<Subscription>): void {
    const subscription = delivery.route;
    subscription.ended(delivery);
    this.forgetIfDone(delivery);
    this.dispatcher.serveSoon(subscription);
  }

  /** Marks a delivery as settled, once Redis has confirmed it. */
  settled(delivery: InFlight<Subscription>): void {
    delivery.isSettled = true;
    this.forgetIfDone(delivery);
  }

  /** Drops a delivery that Redis refuses to settle; it is delivered again when its lease has run out. */
  giveUp(delivery: InFlight<Subscription>, reason: LeanMQError): void {
    delivery.lose(reason);
    this.settled(delivery);
  }

  get inFlightCount(): number {
    let count = 0;
    for (const subscription of this.subscriptions) count += subscription.inFlightCount;
    return count;
  }

  /** Time since the last completed read of each reader, in ms. */
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
      // A delivery that was acked before it ran cannot be given back, but its handler is informed.
      if (!delivery.isSettling) this.hooks.release(delivery);
      delivery.work?.cancel(reason);
    }
    await this.dispatcher.conditions.until(() => !holdsUnsettled(this.subscriptions), CONFIRM_MS);
  }
}
