import { BrokerError, LeaseLostError, NotFoundError } from '../errors.js';
import { displayPath, type InFlight } from '../message/index.js';
import { isMissingGroup, type Connection } from '../redis/index.js';
import type { ConsumerContext } from './context.js';
import { ensureGroups } from './groups.js';
import { Heartbeat } from './heartbeat.js';
import { readPass, type PassOptions } from './pass.js';
import { Reclaimer } from './reclaimer.js';
import { leaveScript } from './scripts.js';
import type { Subscription } from './subscription.js';

/** A consumer of one route whose caller asks for deliveries and settles them; until then they are kept alive. */
export class PullConsumer {
  private readonly subscriptions: ReadonlySet<Subscription>;
  private readonly heartbeat: Heartbeat;
  private readonly reclaimer: Reclaimer;
  private ready: Promise<void> | undefined;
  private hasSuspects = false;

  constructor(
    private readonly context: ConsumerContext,
    private readonly subscription: Subscription,
    private readonly connection: Connection,
    onFault: (error: unknown) => void,
  ) {
    this.subscriptions = new Set([subscription]);
    // Whether its caller still settles it or not: it may come again.
    this.heartbeat = new Heartbeat(context, this.subscriptions, (lost) => this.drop(lost));
    this.reclaimer = new Reclaimer(context, this.subscriptions, {
      onReclaimed: (_, { suspects }) => (this.hasSuspects = suspects > 0),
      onFault,
    });
  }

  /** Takes what is stale first, then what waits; blocks only if there is nothing. */
  async receive(pass: PassOptions): Promise<InFlight<Subscription>[]> {
    try {
      return await this.look(pass);
    } catch (error) {
      // The server lost its data, or a person deleted the route: where it may be, the group is created again.
      if (!(error instanceof BrokerError && isMissingGroup(error.cause))) throw error;
      this.ready = undefined;
      return this.look(pass);
    }
  }

  private async look({ count, blockMs }: PassOptions): Promise<InFlight<Subscription>[]> {
    this.ready ??= this.begin().catch((error: unknown) => {
      this.ready = undefined;
      throw error;
    });
    await this.ready;
    await this.reclaimer.visit([this.subscription], () => count);
    const reclaimed = this.take(count);
    if (reclaimed.length > 0) return reclaimed;
    const suspect = await this.takeSuspect();
    if (suspect !== undefined) return [suspect];
    await this.connection.run((client) =>
      readPass(client, this.context, [this.subscription], count, blockMs),
    );
    return this.take(count);
  }

  /** Renews the leases of everything that is held, now. */
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

  /** What is held and not settled. */
  get held(): InFlight<Subscription>[] {
    return [
      ...this.subscription.deliveries('log'),
      ...this.subscription.deliveries('inbox'),
    ].filter(({ isSettling }) => !isSettling);
  }

  /** Whoever is waiting for a delivery waits in vain. */
  stopReading(): void {
    this.connection.close();
  }

  async close(): Promise<void> {
    this.heartbeat.stop();
    const { command, group, consumer } = this.context;
    if (!command.ready || this.ready === undefined) return;
    const { keys } = this.subscription;
    await leaveScript
      .run(command.client, {}, { group, consumer }, { keys: [keys.log, keys.inbox(group)] })
      .catch(() => undefined);
  }

  private async begin(): Promise<void> {
    const { command, registry, options } = this.context;
    this.connection.open();
    const barred = await command.run((client) =>
      ensureGroups(client, registry, [this.subscription], options.startFrom),
    );
    if (barred.length > 0) {
      const path = displayPath(this.subscription.path);
      throw new NotFoundError(`Route "${path}" was deleted. Publish to it to revive it.`);
    }
    this.heartbeat.start();
  }

  private drop(delivery: InFlight<Subscription>): void {
    this.subscription.ended(delivery);
    this.subscription.forget(delivery);
  }

  /** What has been in so many crashes is delivered alone, when nothing else is held. */
  private async takeSuspect(): Promise<InFlight<Subscription> | undefined> {
    if (!this.hasSuspects || this.subscription.inFlightCount > 0) return undefined;
    this.hasSuspects = false;
    const { command } = this.context;
    const [suspect] = await command.run(() => this.reclaimer.takeSuspects(this.subscription, 1));
    if (suspect !== undefined) this.subscription.begin(suspect);
    return suspect;
  }

  private take(count: number): InFlight<Subscription>[] {
    const taken: InFlight<Subscription>[] = [];
    while (taken.length < count) {
      const next = this.subscription.takeNext();
      if (next === undefined) break;
      taken.push(next);
    }
    return taken;
  }
}
