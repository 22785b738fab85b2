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

/** How many paths are registered at once when the server has lost its data. */
const REGISTERED_AGAIN = 1_000;
/** What was not used for so long, or for twice as long at most, is forgotten. */
const FORGET_MS = 12 * 3_600_000;

export interface PublisherHooks {
  /** Opens a connection for sends that wait for replicas. */
  openDurable: () => Connection;
  onPublished?: (path: string, result: PublishResult) => void;
  /** Something was published in the course of a transaction's callback without being part of it; told once. */
  onStray: () => void;
  /** Something was sent to a path that no group listens to; told once for each path. */
  onUnheard: (path: string) => void;
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
  private readonly transactions: OpenTransactions;
  private readonly registered = new Set<string>();
  private readonly unheard = new Unheard((path) => this.hooks.onUnheard(path));
  private readonly maxLengths = new MaxLengths();
  private readonly markers: MarkerTime;
  /** Of a send that asks for nothing. */
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

  /** Sends that are not answered yet. */
  get pending(): number {
    return this.outstanding.sends;
  }

  /** The connection that sends wait for replicas on unless told otherwise, opened; undefined when they do not wait. */
  durableConnection(): Connection | undefined {
    const { replication } = this.plainRequest;
    return replication === undefined ? undefined : this.lanesFor(replication).connection;
  }

  /**
   * @throws {BrokerUnavailableError} if Redis did not answer in time; its `outcome` says whether the message may be stored
   * @throws {AbortedError} if the signal was aborted first, with the same `outcome`
   * @throws {NotReplicatedError} if it is stored, but was not confirmed by as many replicas as `durability` asks for
   * @throws {BufferFullError} if too many sends wait for an answer already
   */
  publish(path: string, data: unknown, options?: PublishOptions): Promise<PublishResult> {
    // One promise from the caller to the lane: a publish that is awaited by itself feels each of them.
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
   * Publishes many, each on its own: what became of one says nothing of the others. A list may be longer than what may
   * wait at once: the rest is sent as the first are answered.
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
   * Publishes all that the callback sends, or nothing: not if it throws, nor if one of the sends is not acceptable.
   *
   * @returns what became of each send, in their order
   */
  async transaction(
    build: (tx: Transaction) => void | Promise<void>,
    options: TransactionOptions = {},
  ): Promise<PublishResult[]> {
    checkTransactionOptions(options);
    checkTransactionCallback(build);
    // Refuses what is wrong with the options before the callback does anything.
    this.requestOf(options);
    const transaction = new CollectedTransaction(this.encode, this.options);
    await this.transactions.collect(transaction, build, options.signal);
    const { sends } = transaction;
    if (sends.length === 0) return [];
    return (await this.enqueue(sends, this.requestOf(options))) as PublishResult[];
  }

  /**
   * Publishes what is due of a recurring send and moves it on, unless somebody else has done so. It does not wait for
   * replicas: a failover that loses the messages loses the move as well, and somebody makes them again.
   */
  tick(tick: Tick): Promise<UnitOutcome> {
    return this.enqueue(sendsOf(tick), { ...this.plainRequest, replication: undefined }, tick);
  }

  /** The registry has changed, or is told for the first time; nothing is sent before that. */
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
      // To publish to a deleted one revives it; what only went missing was there, and nobody has deleted it.
      if (isNewHistory && !deleted.has(path)) lost.push(path);
    }
    // Those used last; the others are registered when they are used again.
    for (const path of lost.slice(-REGISTERED_AGAIN)) {
      this.registered.add(path);
      const { connection, registry } = this;
      registry.addRoute(connection.client, path).catch(() => this.registered.delete(path));
    }
  }

  /** The registry could not be read: what waits for it says so when its time is over. */
  onRegistryFault(error: unknown): void {
    if (!this.maxLengths.isKnown) this.maxLengths.fault = error;
  }

  /** Called now and then: forgets paths that were not used for a while. Those in use are registered again. */
  forgetUnused(now = performance.now()): void {
    if (now - this.forgotAt < FORGET_MS) return;
    this.forgotAt = now;
    this.registered.clear();
    for (const lanes of [this.lanes, ...this.durable.values()]) lanes.forget();
  }

  /** Resolves when nothing is on its way any more, or after `timeoutMs`. */
  idle(timeoutMs: number): Promise<void> {
    return this.outstanding.idle(timeoutMs);
  }

  /** @throws {ConfigError} if the callback of a transaction has called this */
  refuseNested(): void {
    this.transactions.refuseNested();
  }

  /** Refuses new sends from now on and rejects those without an answer. */
  close(): void {
    this.closed = true;
    for (const lanes of [this.lanes, ...this.durable.values()]) lanes.abandon(new ClosedError());
  }

  private readonly encode = (path: string, data: unknown, options?: PublishOptions): EncodedSend =>
    encodeSend(path, data, options, this.limits, this.options.dedupeMs);

  private requestOf(options: TransactionOptions | undefined): Request {
    return options === undefined ? this.plainRequest : requestOf(options, this.plainRequest);
  }

  /** Whether a send of a list waits for room. While Redis does not answer it is refused: it would wait in vain. */
  private mustWait(send: EncodedSend, { replication, signal }: Request): boolean {
    if (this.closed || signal?.aborted === true) return false;
    const lanes = this.lanesOf(replication);
    if (lanes.isHeldUp || lanes.of(send.path).isRefused) return false;
    return this.outstanding.refusal(1, bytesOf(send)) !== undefined;
  }

  /** @param tick of a recurring send, which may have no sends */
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
