import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

import type { Redis } from 'ioredis';

import { isMissingGroup, isTransient, type Connection } from '../../redis/index.js';
import { adopt, isSameServer, succeed, type ServerSideClient } from './adoption.js';
import { Aside } from './aside.js';
import { BlockedRead } from './blocked-read.js';
import { readCount } from '../route/byte-budget.js';
import type { ConsumerContext } from '../route/context.js';
import { ensureGroups, REGROUP_PAUSE_MS } from './join-groups.js';
import { read } from './read.js';
import { Streams } from '../route/streams.js';
import type { Subscription } from '../route/subscription.js';

export interface ReaderHooks {
  /** Reports that messages of the route have been accepted. */
  onRead: (subscription: Subscription) => void;
  /** Reports routes that somebody has deleted or removed the group from. */
  onBarred: (subscriptions: readonly Subscription[]) => void;
  /** Checks on a new connection which held deliveries of these routes still belong to this consumer. */
  verify: (client: Redis, subscriptions: readonly Subscription[], isSame: boolean) => Promise<void>;
  /** Reports a failed read that waiting may not cure. */
  onFault: (error: unknown) => void;
}

const FAULT_PAUSE_MS = 1_000;

/**
 * Reads the logs and inboxes of its routes over its own connection, one read at a time, each asking only for as many
 * messages as there is room for. While no message waits, the read blocks at the server. When a slot becomes free on a
 * route that the blocked read does not cover, the read is renewed.
 */
export class Reader {
  private readonly stopping = new AbortController();
  private readonly stopListening: () => void;
  private identity: ServerSideClient | undefined;
  private connectionChanged = true;
  private mustRegroup = false;
  private mustAdopt = false;
  private paused = false;
  private readonly blocked: BlockedRead;
  private readonly aside: Aside;
  private streams: Streams | undefined;
  private wakeUp: (() => void) | undefined;
  private finished: Promise<void> | undefined;
  /** Time of the last completed read, or of the end of a rest; monotonic ms. */
  private readingSince = Number.NaN;
  /** Set while there is nothing that it may read, so no read is pending. */
  private isResting = false;

  constructor(
    private readonly context: ConsumerContext,
    private readonly connection: Connection,
    readonly subscriptions: Subscription[],
    private readonly hooks: ReaderHooks,
  ) {
    this.blocked = new BlockedRead(context.command);
    this.aside = new Aside({
      onOver: (subscription) => this.wake(subscription),
      onFault: hooks.onFault,
      isStopping: () => this.isStopping(),
    });
    const listening = [
      connection.onEveryReady(() => {
        this.connectionChanged = true;
      }),
      context.command.onEveryReady(() => this.wakeUp?.()),
    ];
    this.stopListening = () => listening.forEach((stop) => stop());
  }

  start(): void {
    this.readingSince = performance.now();
    this.finished = this.loop();
  }

  /** Adds a route, from the next read on. */
  add(subscription: Subscription): void {
    this.subscriptions.push(subscription);
    this.renew();
  }

  /** Stops reading; the messages of a last read are still accepted. */
  async stop(): Promise<void> {
    this.stopping.abort(new Error('stopped'));
    this.stopListening();
    this.renew();
    await this.finished;
  }

  /** Time since the last completed read, in ms; 0 while there is nothing that it may read. */
  get readAgeMs(): number {
    return this.isResting ? 0 : performance.now() - this.readingSince;
  }

  pause(): void {
    this.paused = true;
    this.renew();
  }

  resume(): void {
    this.paused = false;
    this.wakeUp?.();
  }

  /** Adopts deliveries of lost replies before the next read. */
  adoptSoon(): void {
    this.mustAdopt = true;
    this.renew();
  }

  /** Reads for freed slots of the route, and renews a blocked read that does not cover them. */
  wake(subscription: Subscription): void {
    this.wakeUp?.();
    if (!this.mayRead || !this.blocked.lacks(subscription)) return;
    if (this.isHungry(subscription)) this.renew();
  }

  private async loop(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        await this.connection.whenReady(signal);
        if (this.mustRegroup) await this.regroup();
        if (this.connectionChanged) await this.settleIn();
        while (this.mustAdopt) await this.adopt();
        // A stop during the reads had nothing to wake.
        if (this.isStopping()) break;
        const hungry = this.mayRead ? this.subscriptions.filter((each) => this.isHungry(each)) : [];
        if (hungry.length === 0) await this.nextWake();
        else await this.read(hungry);
      } catch (error) {
        if (this.isStopping() || this.connection.isClosed) break;
        await this.recover(error);
      }
    }
  }

  /** A method rather than a property, because the state changes while the loop waits. */
  private isStopping(): boolean {
    return this.stopping.signal.aborted;
  }

  /** False while settling and renewing fail here: other processes can take the messages then. */
  private get mayRead(): boolean {
    return !this.paused && this.context.command.ready;
  }

  private read(hungry: readonly Subscription[]): Promise<void> {
    return this.aside.together(hungry, (some) =>
      some === hungry ? this.readTogether(some) : this.readOnce(some, hungry.length, undefined),
    );
  }

  private isHungry(subscription: Subscription): boolean {
    return subscription.appetite > 0 && !this.aside.has(subscription);
  }

  private async readTogether(hungry: readonly Subscription[]): Promise<void> {
    const hot = hungry.filter(({ isHot }) => isHot);
    if (hot.length === 0) {
      const came = await this.readBlocking(hungry);
      // Handlers of the new messages start before the next read is written; see docs/adr/0013.
      if (came > 0) await nextTick();
      return;
    }
    // Busy routes are read separately, each at its own pace; quiet ones share a read that does not wait.
    const others = hungry.filter(({ isHot }) => !isHot);
    const reads: Promise<unknown>[] = hot.map((each) =>
      this.readOnce([each], hungry.length, undefined),
    );
    if (others.length > 0) reads.push(this.readOnce(others, hungry.length, undefined));
    await Promise.all(reads);
  }

  private readBlocking(hungry: readonly Subscription[]): Promise<number> {
    return this.blocked.during(this.streamsOf(hungry).subscriptions, () =>
      this.readOnce(hungry, hungry.length, this.context.options.blockMs),
    );
  }

  /** Returns the streams to read, mostly those of the last read of the same size. */
  private streamsOf(subscriptions: readonly Subscription[]): Streams {
    if (subscriptions.length === 1) return new Streams(subscriptions);
    if (this.streams?.areOf(subscriptions) !== true) this.streams = new Streams(subscriptions);
    return this.streams;
  }

  /** @param together number of routes being read at this moment, including those of this call */
  private async readOnce(
    subscriptions: readonly Subscription[],
    together: number,
    blockMs: number | undefined,
  ): Promise<number> {
    let least = Infinity;
    let largest = 0;
    for (const { appetite, entryBytes } of subscriptions) {
      least = Math.min(least, appetite);
      largest = Math.max(largest, entryBytes);
    }
    // COUNT is per stream, and a route has two: more may come than there is room for, but inboxes are rarely full.
    const count = readCount(least, together, largest, this.context.options.replyBytes);
    const request = { streams: this.streamsOf(subscriptions), count, blockMs };
    const came = await read(this.connection.client, this.context, request, this.hooks.onRead);
    this.readingSince = performance.now();
    return came;
  }

  /** Prepares a new connection before its first read. */
  private async settleIn(): Promise<void> {
    const previous = this.identity;
    const { client } = this.connection;
    const current = await succeed(client, previous);
    if (previous !== undefined) {
      await this.hooks.verify(client, this.subscriptions, isSameServer(previous, current));
      this.mustAdopt = true;
    }
    this.identity = current;
    this.connectionChanged = false;
  }

  private async adopt(): Promise<void> {
    this.mustAdopt = false;
    const { client } = this.connection;
    try {
      await this.aside.together(this.subscriptions, (some) => adopt(client, this.context, some));
    } catch (error) {
      this.mustAdopt = true;
      throw error;
    }
    for (const subscription of this.subscriptions) this.hooks.onRead(subscription);
  }

  private async recover(error: unknown): Promise<void> {
    const { signal } = this.stopping;
    if (isMissingGroup(error)) {
      this.mustRegroup = true;
      await delay(REGROUP_PAUSE_MS, undefined, { signal }).catch(() => undefined);
      return;
    }
    if (!isTransient(error)) this.hooks.onFault(error);
    const pauseMs = isTransient(error) ? REGROUP_PAUSE_MS : FAULT_PAUSE_MS;
    await delay(pauseMs, undefined, { signal }).catch(() => undefined);
  }

  /** Creates groups again after a data loss or a destroyed group: starting at `$` would skip messages. */
  private async regroup(): Promise<void> {
    const { client } = this.connection;
    const wanted = this.subscriptions.filter(({ isOff }) => !isOff);
    const { registry } = this.context;
    await this.aside.together(wanted, async (some) => {
      this.hooks.onBarred(await ensureGroups(client, registry, some, 'earliest', 'again'));
    });
    this.mustRegroup = false;
  }

  private nextWake(): Promise<void> {
    const { signal } = this.stopping;
    // A route that was put aside after a failure still counts as readable.
    this.isResting = !this.mayRead || this.subscriptions.every(({ appetite }) => appetite === 0);
    return new Promise((resolve) => {
      const wakeUp = (): void => {
        this.wakeUp = undefined;
        if (this.isResting) this.readingSince = performance.now();
        this.isResting = false;
        signal.removeEventListener('abort', wakeUp);
        resolve();
      };
      this.wakeUp = wakeUp;
      signal.addEventListener('abort', wakeUp);
    });
  }

  /** Checks again which routes have room. */
  renew(): void {
    this.wakeUp?.();
    this.blocked.end(this.identity);
  }
}

function nextTick(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
