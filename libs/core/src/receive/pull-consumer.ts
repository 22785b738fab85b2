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

  constructor(
    private readonly context: ConsumerContext,
    private readonly subscription: Subscription,
    private readonly connection: Connection,
    onFault: (error: unknown) => void,
  ) {
    this.subscriptions = new Set([subscription]);
    this.heartbeat = new Heartbeat(context, this.subscriptions, () => undefined);
    this.reclaimer = new Reclaimer(context, this.subscriptions, {
      onReclaimed: () => undefined,
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
    this.subscription.ended(delivery);
    this.subscription.forget(delivery);
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
