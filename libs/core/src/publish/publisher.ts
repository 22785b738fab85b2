import { performance } from 'node:perf_hooks';

import { ClosedError, toError } from '../errors.js';
import type { MessageLimits } from '../message/index.js';
import type { Connection, Keys, Registry, RegistryNews } from '../redis/index.js';
import type { Unit, UnitOutcome } from './batch.js';
import { replicationOf, type Replication } from './durability.js';
import { GroupCommit } from './group-commit.js';
import type { LaneContext } from './lane.js';
import { Lanes } from './lanes.js';
import { MarkerTime } from './marker-time.js';
import { MaxLengths } from './max-lengths.js';
import { OpenTransactions } from './open-transactions.js';
import type {
  PublishItem,
  PublishManyResult,
  PublishOptions,
  PublishResult,
  PublisherOptions,
  TransactionOptions,
} from './options.js';
import { Outstanding } from './outstanding.js';
import { requestOf, watched, type Request } from './request.js';
import {
  checkItem,
  checkItems,
  checkTransactionCallback,
  checkTransactionOptions,
} from './send-options.js';
import { bytesOf, encodeSend, type EncodedSend } from './send.js';
import { sendsOf, type Tick } from './tick.js';
import { CollectedTransaction, type Transaction } from './transaction.js';
import { aborted } from './unanswered.js';
import { Unheard } from './unheard.js';

/** Maximum number of paths to register at once after the server has lost its data. */
const REGISTERED_AGAIN = 1_000;
/** Paths unused for this time are forgotten, after twice this time at the latest. */
const FORGET_MS = 12 * 3_600_000;

export interface PublisherHooks {
  /** Opens a connection for sends that wait for replicas. */
  openDurable: () => Connection;
  onPublished?: (path: string, result: PublishResult) => void;
  /** Called once, when a send inside a transaction's callback is not part of the transaction. */
  onStray: () => void;
  /** Called once for each path that receives a message but has no group. */
  onUnheard: (path: string) => void;
  /** Called when a message was scheduled on a route; `at` is epoch ms on the server's clock. */
  onScheduled: (path: string, due: { readonly inMs: number } | { readonly at: number }) => void;
}

/**
 * Publishes messages. A connection fault neither loses nor duplicates a message; see `Lane`.
 */
export class Publisher {
  private readonly lanes: Lanes;
  /** Lanes of sends that wait for replicas, by the number of replicas. */
  private readonly durable = new Map<number, Lanes>();
  private readonly context: LaneContext;
  private readonly transactions: OpenTransactions;
  private readonly registered = new Set<string>();
  private readonly unheard = new Unheard((path) => this.hooks.onUnheard(path));
  private readonly maxLengths = new MaxLengths();
  private readonly markers: MarkerTime;
  /** Request of a send without options. */
  private readonly plainRequest: Request;
  private readonly outstanding: Outstanding;
  /** Monotonic ms. */
  private forgotAt = performance.now();
  private closed = false;

  constructor(
    private readonly id: string,
    private readonly connection: Connection,
    keys: Keys,
    private readonly registry: Registry,
    private readonly limits: MessageLimits,
    private readonly options: PublisherOptions & { readonly silenceMs: number },
    private readonly hooks: PublisherHooks,
  ) {
    this.markers = new MarkerTime(options.publishTimeoutMs);
    const { registered, unheard, maxLengths, markers } = this;
    const onSettled: LaneContext['onSettled'] = (unit, outcome) => this.onSettled(unit, outcome);
    this.context = { keys, registry, registered, unheard, maxLengths, markers, onSettled };
    this.lanes = new Lanes(id, connection, this.context);
    this.outstanding = new Outstanding(options.maxBuffered, options.maxBufferedBytes);
    this.transactions = new OpenTransactions(hooks.onStray);
    const replication = replicationOf(options.durability);
    this.plainRequest = { replication, timeoutMs: options.publishTimeoutMs, signal: undefined };
  }

  /** Number of sends without a reply. */
  get pending(): number {
    return this.outstanding.sends;
  }

  /** Opens the connection on which sends wait for replicas by default; undefined when they wait for none. */
  durableConnection(): Connection | undefined {
    const { replication } = this.plainRequest;
    return replication === undefined ? undefined : this.lanesFor(replication).connection;
  }

  /**
   * Publishes a message.
   *
   * @throws {BrokerUnavailableError} if Redis did not reply in time; `outcome` tells whether the message may be stored
   * @throws {AbortedError} if the signal was aborted first, with the same `outcome`
   * @throws {NotReplicatedError} if the message is stored, but too few replicas confirmed it for `durability`
   * @throws {BufferFullError} if too many sends already wait for a reply
   */
  publish(path: string, data: unknown, options?: PublishOptions): Promise<PublishResult> {
    // Create a single promise between caller and lane: each one adds latency to a publish awaited on its own.
    return new Promise((resolve, reject) => {
      if (this.transactions.isAnyOpen) this.transactions.noteStray();
      const send = this.encode(path, data, options);
      this.add(
        [send],
        this.requestOf(options),
        undefined,
        (outcome) => {
          resolve((outcome as [PublishResult])[0]);
        },
        reject,
      );
    });
  }

  /**
   * Publishes many messages independently of each other. The list may be longer than `maxBuffered`: later items are sent
   * as earlier ones receive their reply.
   */
  async publishMany(path: string, items: readonly PublishItem[]): Promise<PublishManyResult[]> {
    checkItems(items);
    if (this.transactions.isAnyOpen) this.transactions.noteStray();
    const sending: Promise<PublishManyResult>[] = [];
    for (const item of items) {
      try {
        checkItem(item);
        const send = this.encode(path, item.data, item.options);
        const request = this.requestOf(item.options);
        while (this.mustWait(send, request)) await this.outstanding.room();
        const sent = this.enqueue([send], request) as Promise<[PublishResult]>;
        sending.push(sent.then(([result]) => result, failed));
      } catch (error) {
        sending.push(Promise.resolve(failed(error)));
      }
    }
    return Promise.all(sending);
  }

  /**
   * Publishes everything that the callback sends, or nothing if the callback throws or one of the sends is invalid.
   *
   * @returns the result of each send, in order
   */
  async transaction(
    build: (tx: Transaction) => void | Promise<void>,
    options: TransactionOptions = {},
  ): Promise<PublishResult[]> {
    checkTransactionOptions(options);
    checkTransactionCallback(build);
    // Refuse invalid options before the callback does anything.
    this.requestOf(options);
    const transaction = new CollectedTransaction(this.encode, this.options);
    await this.transactions.collect(transaction, build, options.signal);
    const { sends } = transaction;
    if (sends.length === 0) return [];
    return (await this.enqueue(sends, this.requestOf(options))) as PublishResult[];
  }

  /**
   * Publishes the due messages of a recurring send and advances it, unless another process has done so. A tick does not
   * wait for replicas: a failover that loses the messages also loses the advance, so the tick is made again.
   */
  tick(tick: Tick): Promise<UnitOutcome> {
    return this.enqueue(sendsOf(tick), { ...this.plainRequest, replication: undefined }, tick);
  }

  /** Takes over a new version of the registry. Nothing is sent before the first one. */
  onRegistry({ routes, changed, isNewHistory }: RegistryNews): void {
    this.maxLengths.update(routes);
    this.unheard.update(routes);
    if (changed === undefined && !isNewHistory) return;
    const known = new Set<string>();
    const deleted = new Set<string>();
    for (const { path, createdAt, deletedAt } of routes) {
      if (deletedAt !== undefined) deleted.add(path);
      else if (createdAt > 0) known.add(path);
    }
    const lost: string[] = [];
    for (const path of changed ?? [...this.registered]) {
      if (known.has(path) || !this.registered.delete(path)) continue;
      // Do not register a deleted route again, which would revive it. A route that merely vanished was lost with the data.
      if (isNewHistory && !deleted.has(path)) lost.push(path);
    }
    // Register the most recently used routes; the others follow when they are used again.
    for (const path of lost.slice(-REGISTERED_AGAIN)) {
      this.registered.add(path);
      const { connection, registry } = this;
      registry.addRoute(connection.client, path).catch(() => this.registered.delete(path));
    }
  }

  /** Notes that the registry could not be read, as the cause for sends that time out waiting for it. */
  onRegistryFault(error: unknown): void {
    if (!this.maxLengths.isKnown) this.maxLengths.fault = error;
  }

  /** Forgets paths that were not used for a while; called periodically. Paths in use are registered again. */
  forgetUnused(now = performance.now()): void {
    if (now - this.forgotAt < FORGET_MS) return;
    this.forgotAt = now;
    this.registered.clear();
    for (const lanes of [this.lanes, ...this.durable.values()]) lanes.forget();
  }

  /** Resolves when no send waits for a reply, or after `timeoutMs`. */
  idle(timeoutMs: number): Promise<void> {
    return this.outstanding.idle(timeoutMs);
  }

  /** @throws {ConfigError} if the callback of a transaction calls this */
  refuseNested(): void {
    this.transactions.refuseNested();
  }

  /** Refuses new sends from now on, and rejects those without a reply. */
  close(): void {
    this.closed = true;
    for (const lanes of [this.lanes, ...this.durable.values()]) lanes.abandon(new ClosedError());
  }

  private readonly encode = (path: string, data: unknown, options?: PublishOptions): EncodedSend =>
    encodeSend(path, data, options, this.limits, this.options.dedupeMs);

  private requestOf(options: TransactionOptions | undefined): Request {
    return options === undefined ? this.plainRequest : requestOf(options, this.plainRequest);
  }

  /** Decides whether an item of a list waits for room. During an outage it is refused instead: it would wait in vain. */
  private mustWait(send: EncodedSend, { replication, signal }: Request): boolean {
    if (this.closed || signal?.aborted === true) return false;
    const lanes = this.lanesOf(replication);
    if (lanes.isHeldUp || lanes.of(send.path).isRefused) return false;
    return this.outstanding.refusal(1, bytesOf(send)) !== undefined;
  }

  /** @param tick tick of a recurring send; it may have no sends */
  private enqueue(
    sends: readonly EncodedSend[],
    request: Request,
    tick?: Tick,
  ): Promise<UnitOutcome> {
    return new Promise((resolve, reject) => this.add(sends, request, tick, resolve, reject));
  }

  private add(
    sends: readonly EncodedSend[],
    { replication, timeoutMs, signal }: Request,
    tick: Tick | undefined,
    resolve: Unit['resolve'],
    reject: Unit['reject'],
  ): void {
    if (this.closed) return reject(new ClosedError());
    if (signal?.aborted === true) return reject(aborted('not-sent', signal.reason));
    let bytes = 0;
    for (const send of sends) bytes += bytesOf(send);
    const refusal = this.outstanding.refusal(sends.length, bytes);
    if (refusal !== undefined) return reject(refusal);
    const lane = this.lanesOf(replication).of((tick ?? (sends[0] as EncodedSend)).path);
    this.outstanding.add(sends.length, bytes);
    this.markers.include(timeoutMs);
    const deadline = performance.now() + timeoutMs;
    // prettier-ignore
    const unit: Unit = { sends, tick, replication, bytes, deadline, resolve, reject, settled: false };
    lane.add(signal === undefined ? unit : watched(unit, signal, lane));
  }

  private lanesOf(replication: Replication | undefined): Lanes {
    return replication === undefined ? this.lanes : this.lanesFor(replication);
  }

  /** Returns the lanes for a number of replicas. Each number has its own connection, so a larger one cannot delay others. */
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
    const { sends, bytes } = unit;
    this.outstanding.remove(sends.length, bytes);
    if (outcome === undefined || outcome === 'overtaken') return;
    for (let index = 0; index < outcome.length; index += 1) {
      const result = outcome[index] as PublishResult;
      const { path, delayMs, deliverAt } = sends[index] as EncodedSend;
      if (result.outcome === 'scheduled') {
        this.hooks.onScheduled(path, deliverAt === '' ? { inMs: +delayMs } : { at: deliverAt });
      }
      this.hooks.onPublished?.(path, result);
    }
  }
}

function failed(error: unknown): PublishManyResult {
  return { outcome: 'failed', error: toError(error) };
}
