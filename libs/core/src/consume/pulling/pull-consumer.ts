import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

import { BrokerError, ClosedError, LeaseLostError, NotFoundError } from '../../errors.js';
import { displayPath, type InFlight } from '../../message/index.js';
import { isMissingGroup, type Connection } from '../../redis/index.js';
import { Conditions } from '../starting/conditions.js';
import type { ConsumerContext } from '../route/context.js';
import { joinGroups, REGROUP_PAUSE_MS } from '../reading/join-groups.js';
import { Heartbeat } from '../keeping/heartbeat.js';
import { PassReader, type PassOptions } from '../reading/pass-reader.js';
import { Reclaimer } from '../recovering/reclaimer.js';
import { leaveScript } from '../keeping/lease-scripts.js';
import type { Subscription } from '../route/subscription.js';
import { Verifier } from '../keeping/verifier.js';
import { clockStepped, stalled, type Warning } from '../route/warnings.js';

export interface PullHooks {
  /** Gives a delivery back to the group; no attempt is used up. Call `settled` afterwards. */
  release: (delivery: InFlight<Subscription>) => void;
  /** Reports a problem that an operator should know about, but that stops nothing. */
  onWarning?: (code: string, message: string) => void;
  onFault: (error: unknown) => void;
}

/** Consumer of one route whose caller asks for deliveries and settles them; their leases are renewed until then. */
export class PullConsumer {
  private readonly subscriptions: ReadonlySet<Subscription>;
  private readonly heartbeat: Heartbeat;
  private readonly reclaimer: Reclaimer;
  private readonly reader: PassReader;
  private readonly verifier: Verifier;
  /** Checked when the group is resumed, and at the end. */
  private readonly conditions = new Conditions();
  private ready: Promise<void> | undefined;
  private hasSuspects = false;
  private isClosed = false;

  constructor(
    private readonly context: ConsumerContext,
    private readonly subscription: Subscription,
    private readonly connection: Connection,
    private readonly hooks: PullHooks,
  ) {
    this.subscriptions = new Set([subscription]);
    this.verifier = new Verifier(context, (lost) => this.subscription.ended(lost));
    this.reader = new PassReader(context, connection, [subscription], this.verifier.verify);
    // Warns even when the caller never settles the delivery: it may be delivered again.
    const warn = ({ code, message }: Warning): void => hooks.onWarning?.(code, message);
    this.heartbeat = new Heartbeat(
      context,
      this.subscriptions,
      (lost) => this.drop(lost),
      (stalledMs) => warn(stalled(stalledMs, context.options.leaseMs)),
    );
    this.reclaimer = new Reclaimer(context, this.subscriptions, {
      onReclaimed: (_, { suspects }) => (this.hasSuspects = suspects > 0),
      onUncertain: () => this.reader.adoptSoon(),
      onClockStep: (stepMs) => warn(clockStepped(stepMs)),
      onFault: hooks.onFault,
    });
  }

  /** Takes stale deliveries first, then new ones; blocks only when nothing is there. */
  async receive(pass: PassOptions): Promise<InFlight<Subscription>[]> {
    try {
      return await this.look(pass);
    } catch (error) {
      // The server lost its data, or somebody deleted the route: the group is created again where it may be.
      if (!(error instanceof BrokerError && isMissingGroup(error.cause))) throw error;
      this.ready = undefined;
      await delay(REGROUP_PAUSE_MS);
      return this.look(pass);
    }
  }

  private async look({ count, blockMs, ...more }: PassOptions): Promise<InFlight<Subscription>[]> {
    this.ready ??= this.begin().catch((error: unknown) => {
      this.ready = undefined;
      throw error;
    });
    await this.ready;
    const lookedAt = performance.now();
    if (this.subscription.isOff && !(await this.isResumedWithin(blockMs))) return [];
    if (this.isClosed) throw new ClosedError();
    await this.reclaimer.visit([this.subscription], () => count);
    const reclaimed = this.take(count);
    if (reclaimed.length > 0) return reclaimed;
    const suspect = await this.takeSuspect();
    if (suspect !== undefined) return [suspect];
    const leftMs = blockMs && blockMs - (performance.now() - lookedAt);
    await this.reader.read({ count, blockMs: leftMs, ...more });
    return this.take(count);
  }

  /** Pauses or resumes. Deliveries that were read but not taken are given back, so that they need not wait here. */
  setPaused(isPaused: boolean): void {
    this.subscription.isOff = isPaused;
    this.giveBackIfOff();
    this.conditions.look();
  }

  /** Renews the leases of all held deliveries now. */
  extend(): Promise<void> {
    return this.heartbeat.beat();
  }

  settled(delivery: InFlight<Subscription>): void {
    delivery.isSettled = true;
    this.drop(delivery);
  }

  giveUp(delivery: InFlight<Subscription>): void {
    delivery.lose(new LeaseLostError());
    this.settled(delivery);
  }

  /** Deliveries that are held and not settled. */
  get held(): InFlight<Subscription>[] {
    return [
      ...this.subscription.deliveries('log'),
      ...this.subscription.deliveries('inbox'),
    ].filter(({ isSettling }) => !isSettling);
  }

  /** Stops reading; pending waits for a delivery end without one. */
  stopReading(): void {
    this.isClosed = true;
    this.connection.close();
    this.conditions.look();
  }

  async close(): Promise<void> {
    this.heartbeat.stop();
    this.verifier.stop();
    const { command, group, consumer } = this.context;
    if (!command.ready || this.ready === undefined) return;
    const { keys } = this.subscription;
    await leaveScript
      .run(command.client, {}, { group, consumer }, { keys: [keys.log, keys.inbox(group)] })
      .catch(() => undefined);
  }

  private async begin(): Promise<void> {
    const { command, registry, group } = this.context;
    this.connection.open();
    const barred = await command.run((client) =>
      joinGroups(client, this.context, [this.subscription]),
    );
    if (barred.length > 0) throw await this.whyBarred();
    const registered = await registry.groupOf(this.subscription.path, group);
    this.setPaused(registered?.pausedAt !== undefined);
    // After a close, nobody would stop it.
    if (this.isClosed) return;
    this.verifier.start(this.subscriptions);
    this.heartbeat.start();
  }

  private async whyBarred(): Promise<NotFoundError> {
    const { registry, group } = this.context;
    const { path } = this.subscription;
    const shown = displayPath(path);
    const isDeleted = (await registry.stateOf(path)) === 'deleted';
    return new NotFoundError(
      isDeleted
        ? `Queue "${shown}" was deleted. Publish to it to revive it.`
        : `Group "${group}" was removed from "${shown}". Declare it, or restart its service.`,
    );
  }

  /** Resolves to true when the group is resumed in time, or the consumer is closed. */
  private isResumedWithin(blockMs = 0): Promise<boolean> {
    return this.conditions.until(() => this.isClosed || !this.subscription.isOff, blockMs);
  }

  private giveBackIfOff(): void {
    if (!this.subscription.isOff) return;
    for (const delivery of this.subscription.takeBuffered()) this.hooks.release(delivery);
  }

  private drop(delivery: InFlight<Subscription>): void {
    this.subscription.ended(delivery);
    this.subscription.forget(delivery);
  }

  /** Takes a message that was in several crashes, to be delivered alone, when nothing else is held. */
  private async takeSuspect(): Promise<InFlight<Subscription> | undefined> {
    if (!this.hasSuspects || this.subscription.inFlightCount > 0) return undefined;
    this.hasSuspects = false;
    const { command } = this.context;
    const [suspect] = await command.run(() => this.reclaimer.takeSuspects(this.subscription, 1));
    if (suspect !== undefined) this.subscription.begin(suspect);
    return suspect;
  }

  private take(count: number): InFlight<Subscription>[] {
    this.giveBackIfOff();
    const taken: InFlight<Subscription>[] = [];
    while (taken.length < count) {
      const next = this.subscription.takeNext();
      if (next === undefined) break;
      taken.push(next);
    }
    return taken;
  }
}
