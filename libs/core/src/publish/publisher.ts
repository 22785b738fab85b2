import { AsyncLocalStorage } from 'node:async_hooks';
import { performance } from 'node:perf_hooks';

import { BufferFullError, ClosedError, ConfigError, toError } from '../errors.js';
import type { MessageLimits } from '../message/index.js';
import type { Connection, Keys, RegisteredRoute, Registry } from '../redis/index.js';
import type { Unit, UnitOutcome } from './batch.js';
import { Lane, sizeOf } from './lane.js';
import type {
  PublishManyResult,
  PublishOptions,
  PublishResult,
  PublisherOptions,
} from './options.js';
import { encodeSend, type EncodedSend } from './send.js';
import { sendsOf, type Tick } from './tick.js';
import { CollectedTransaction, type Transaction } from './transaction.js';

export interface PublisherHooks {
  onPublished?: (path: string, result: PublishResult) => void;
  /** Something was scheduled on the route, to be moved then; `at` is epoch ms on the server's clock. */
  onScheduled: (path: string, due: { readonly inMs: number } | { readonly at: number }) => void;
}

/**
 * Publishes messages. No fault of the connection loses or doubles one; see `Lane`.
 */
export class Publisher {
  private readonly lanes = new Map<string, Lane>();
  private readonly insideTransaction = new AsyncLocalStorage<true>();
  private readonly registered = new Set<string>();
  private readonly maxLengths = new Map<string, number>();
  private outstanding = 0;
  private closed = false;
  private onIdle: (() => void)[] = [];

  constructor(
    private readonly id: string,
    private readonly connection: Connection,
    private readonly keys: Keys,
    private readonly registry: Registry,
    private readonly limits: MessageLimits,
    private readonly options: PublisherOptions,
    private readonly hooks: PublisherHooks,
  ) {}

  /** Sends that are not answered yet. */
  get pending(): number {
    return this.outstanding;
  }

  /**
   * @throws {BrokerUnavailableError} if Redis did not answer in time; its `outcome` says whether the message may be stored
   * @throws {BufferFullError} if too many sends wait for the connection already
   */
  async publish(path: string, data: unknown, options?: PublishOptions): Promise<PublishResult> {
    const [result] = await this.publishAll([this.encode(path, data, options)]);
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
  async transaction(build: (tx: Transaction) => void | Promise<void>): Promise<PublishResult[]> {
    if (this.insideTransaction.getStore() === true) {
      throw new ConfigError(
        'A transaction cannot be begun inside another; send on the outer one.',
        {
          code: 'TRANSACTION_NESTED',
        },
      );
    }
    const transaction = new CollectedTransaction((...send) => this.encode(...send));
    try {
      await this.insideTransaction.run(true, () => build(transaction));
    } finally {
      transaction.seal();
    }
    return transaction.sends.length === 0 ? [] : this.publishAll(transaction.sends);
  }

  /** Publishes what is due of a recurring send and moves it on, unless somebody else has done so. */
  tick(tick: Tick): Promise<UnitOutcome> {
    return this.enqueue(tick.path, sendsOf(tick), tick);
  }

  /** The registry has changed. */
  onRegistry(routes: readonly RegisteredRoute[]): void {
    this.maxLengths.clear();
    for (const { path, settings, deletedAt } of routes) {
      if (settings.maxLength !== undefined) this.maxLengths.set(path, settings.maxLength);
      // To publish to it again revives it.
      if (deletedAt !== undefined) this.registered.delete(path);
    }
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
    for (const lane of this.lanes.values()) lane.abandon(new ClosedError());
  }

  private encode(path: string, data: unknown, options?: PublishOptions): EncodedSend {
    return encodeSend(path, data, options, this.limits, this.options.dedupeMs);
  }

  private async publishAll(sends: readonly EncodedSend[]): Promise<PublishResult[]> {
    const [first] = sends as readonly [EncodedSend];
    // Only a tick can be overtaken.
    return (await this.enqueue(first.path, sends)) as PublishResult[];
  }

  private enqueue(path: string, sends: readonly EncodedSend[], tick?: Tick): Promise<UnitOutcome> {
    if (this.closed) return Promise.reject(new ClosedError());
    const { maxBuffered, publishTimeoutMs } = this.options;
    if (!this.connection.ready && this.outstanding + sends.length > maxBuffered) {
      return Promise.reject(new BufferFullError(maxBuffered));
    }
    this.outstanding += sends.length;
    return new Promise((resolve, reject) => {
      this.laneOf(path).add({
        sends,
        tick,
        deadline: performance.now() + publishTimeoutMs,
        resolve,
        reject,
        settled: false,
      });
    });
  }

  private laneOf(path: string): Lane {
    let lane = this.lanes.get(path);
    if (lane === undefined) {
      lane = new Lane(
        path,
        this.keys,
        this.id,
        this.connection,
        this.registry,
        this.registered,
        this.maxLengths,
        (unit, outcome) => this.onSettled(unit, outcome),
      );
      this.lanes.set(path, lane);
    }
    return lane;
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
