import { AsyncLocalStorage } from 'node:async_hooks';
import { performance } from 'node:perf_hooks';

import { BufferFullError, ClosedError, ConfigError, toError } from '../errors.js';
import type { MessageLimits } from '../message/index.js';
import type { Connection, Keys, RegisteredRoute, Registry } from '../redis/index.js';
import type { Unit, UnitOutcome } from './batch.js';
import { replicationOf, type Durability, type Replication } from './durability.js';
import { GroupCommit } from './group-commit.js';
import { sizeOf, type LaneContext } from './lane.js';
import { Lanes } from './lanes.js';
import { MaxLengths } from './max-lengths.js';
import type {
  PublishManyResult,
  PublishOptions,
  PublishResult,
  PublisherOptions,
  TransactionOptions,
} from './options.js';
import { encodeSend, type EncodedSend } from './send.js';
import { sendsOf, type Tick } from './tick.js';
import { CollectedTransaction, type Transaction } from './transaction.js';

export interface PublisherHooks {
  /** Opens a connection for sends that wait for replicas. */
  openDurable: () => Connection;
  onPublished?: (path: string, result: PublishResult) => void;
  /** Something was scheduled on the route, to be moved then; `at` is epoch ms on the server's clock. */
  onScheduled: (path: string, due: { readonly inMs: number } | { readonly at: number }) => void;
}

/**
 * Publishes messages. No fault of the connection loses or doubles one; see `Lane`.
 */
export class Publisher {
  private readonly lanes: Lanes;
  /** Of sends that wait for replicas, by how many. */
  private readonly durable = new Map<number, Lanes>();
  private readonly context: LaneContext;
  private readonly insideTransaction = new AsyncLocalStorage<CollectedTransaction>();
  private readonly registered = new Set<string>();
  private readonly maxLengths = new MaxLengths();
  private readonly replication: Replication | undefined;
  private outstanding = 0;
  private closed = false;
  private onIdle: (() => void)[] = [];

  constructor(
    private readonly id: string,
    connection: Connection,
    keys: Keys,
    registry: Registry,
    private readonly limits: MessageLimits,
    private readonly options: PublisherOptions & { readonly silenceMs: number },
    private readonly hooks: PublisherHooks,
  ) {
    const { registered, maxLengths } = this;
    const onSettled: LaneContext['onSettled'] = (unit, outcome) => this.onSettled(unit, outcome);
    this.context = { keys, registry, registered, maxLengths, onSettled };
    this.lanes = new Lanes(id, connection, this.context);
    this.replication = replicationOf(options.durability);
  }

  /** Sends that are not answered yet. */
  get pending(): number {
    return this.outstanding;
  }

  /** The connection that sends wait for replicas on unless told otherwise, opened; undefined when they do not wait. */
  durableConnection(): Connection | undefined {
    return this.replication === undefined ? undefined : this.lanesFor(this.replication).connection;
  }

  /**
   * @throws {BrokerUnavailableError} if Redis did not answer in time; its `outcome` says whether the message may be stored
   * @throws {NotReplicatedError} if it is stored, but was not confirmed by as many replicas as `durability` asks for
   * @throws {BufferFullError} if too many sends wait for the connection already
   */
  async publish(path: string, data: unknown, options?: PublishOptions): Promise<PublishResult> {
    const replication = this.replicationFor(options?.durability);
    const [result] = await this.publishAll([this.encode(path, data, options)], replication);
    return result as PublishResult;
  }

  /** Publishes many, each on its own: what became of one says nothing of the others. */
  async publishMany(
    path: string,
    items: readonly { readonly data: unknown; readonly options?: PublishOptions }[],
  ): Promise<PublishManyResult[]> {
    const fail = (error: unknown): PublishManyResult => ({
      outcome: 'failed',
      error: toError(error),
    });
    return Promise.all(
      items.map(({ data, options }) => this.publish(path, data, options).catch(fail)),
    );
  }

  /**
   * Publishes all that the callback sends, or nothing: not if it throws, nor if one of the sends is not acceptable.
   *
   * @returns what became of each send, in their order
   */
  async transaction(
    build: (tx: Transaction) => void | Promise<void>,
    options?: TransactionOptions,
  ): Promise<PublishResult[]> {
    const replication = this.replicationFor(options?.durability);
    // What was begun inside one that has ended inherits that one for good.
    if (this.insideTransaction.getStore()?.isOpen === true) {
      throw new ConfigError(
        'A transaction cannot be begun inside another; send on the outer one.',
        {
          code: 'TRANSACTION_NESTED',
        },
      );
    }
    const transaction = new CollectedTransaction(this.encode);
    try {
      await this.insideTransaction.run(transaction, () => build(transaction));
    } finally {
      transaction.seal();
    }
    return transaction.sends.length === 0 ? [] : this.publishAll(transaction.sends, replication);
  }

  /**
   * Publishes what is due of a recurring send and moves it on, unless somebody else has done so. It does not wait for
   * replicas: a failover that loses the messages loses the move as well, and somebody makes them again.
   */
  tick(tick: Tick): Promise<UnitOutcome> {
    return this.enqueue(tick.path, sendsOf(tick), undefined, tick);
  }

  /** The registry has changed, or is told for the first time; nothing is sent before that. */
  onRegistry(routes: readonly RegisteredRoute[]): void {
    for (const { path, deletedAt } of routes) {
      // To publish to it again revives it.
      if (deletedAt !== undefined) this.registered.delete(path);
    }
    this.maxLengths.update(routes);
  }

  /** The registry could not be read: what waits for it says so when its time is over. */
  onRegistryFault(error: unknown): void {
    if (!this.maxLengths.isKnown) this.maxLengths.fault = error;
  }

  /** Resolves when nothing is on its way any more, or after `timeoutMs`. */
  async idle(timeoutMs: number): Promise<void> {
    if (this.outstanding === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.onIdle.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** Refuses new sends from now on and rejects those without an answer. */
  close(): void {
    this.closed = true;
    for (const lanes of [this.lanes, ...this.durable.values()]) lanes.abandon(new ClosedError());
  }

  private readonly encode = (path: string, data: unknown, options?: PublishOptions): EncodedSend =>
    encodeSend(path, data, options, this.limits, this.options.dedupeMs);

  private replicationFor(durability: Durability | undefined): Replication | undefined {
    return durability === undefined ? this.replication : replicationOf(durability);
  }

  private async publishAll(
    sends: readonly EncodedSend[],
    replication: Replication | undefined,
  ): Promise<PublishResult[]> {
    const [first] = sends as readonly [EncodedSend];
    // Only a tick can be overtaken.
    return (await this.enqueue(first.path, sends, replication)) as PublishResult[];
  }

  private enqueue(
    path: string,
    sends: readonly EncodedSend[],
    replication: Replication | undefined,
    tick?: Tick,
  ): Promise<UnitOutcome> {
    if (this.closed) return Promise.reject(new ClosedError());
    const { maxBuffered, publishTimeoutMs } = this.options;
    const lanes = replication === undefined ? this.lanes : this.lanesFor(replication);
    const lane = lanes.of(path);
    if ((lanes.isHeldUp || lane.isRefused) && this.outstanding + sends.length > maxBuffered) {
      return Promise.reject(new BufferFullError(maxBuffered));
    }
    this.outstanding += sends.length;
    return new Promise((resolve, reject) => {
      lane.add({
        sends,
        tick,
        replication,
        deadline: performance.now() + publishTimeoutMs,
        resolve,
        reject,
        settled: false,
      });
    });
  }

  /** Sends that ask for as many replicas share a connection; those that ask for more cannot hold them up. */
  private lanesFor({ replicas }: Replication): Lanes {
    let lanes = this.durable.get(replicas);
    if (lanes === undefined) {
      const connection = this.hooks.openDurable();
      const sliceMs = Math.max(1, Math.floor(this.options.silenceMs / 2));
      const commit = new GroupCommit(replicas, connection, sliceMs);
      lanes = new Lanes(`${this.id}:${replicas}`, connection, this.context, commit);
      this.durable.set(replicas, lanes);
    }
    return lanes;
  }

  private onSettled(unit: Unit, outcome: UnitOutcome | undefined): void {
    this.outstanding -= sizeOf(unit);
    const results = outcome === 'overtaken' ? undefined : outcome;
    results?.forEach((result, index) => {
      const { path, delayMs, deliverAt } = unit.sends[index] as EncodedSend;
      if (result.outcome === 'scheduled') {
        this.hooks.onScheduled(path, deliverAt === '' ? { inMs: +delayMs } : { at: deliverAt });
      }
      this.hooks.onPublished?.(path, result);
    });
    if (this.outstanding > 0) return;
    for (const resolve of this.onIdle.splice(0)) resolve();
  }
}
