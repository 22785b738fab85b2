import { inspect } from 'node:util';

import type { Redis } from 'ioredis';

import type { EventListeners } from './events.js';
import type { HandlerOptions } from './handler-options.js';
import {
  DeadLetters,
  Queue,
  listQueues,
  replayHistory,
  type GroupReplayOptions,
  type ManageContext,
  type QueueInfo,
  type ReplayResult,
} from './manage/index.js';
import { normalizePath } from './message/index.js';
import type { LeanMQOptions } from './options.js';
import type {
  CancelOutcome,
  PublishItem,
  PublishManyResult,
  PublishOptions,
  PublishResult,
  Transaction,
  TransactionOptions,
} from './publish/index.js';
import type { CallOptions, Connection } from './redis/index.js';
import type { BatchHandler, WebhookHandler } from './run/index.js';
import type { Schedules } from './schedules/index.js';
import {
  Engine,
  Service,
  cancelDelayed,
  handleBatch,
  healthOf,
  managingOf,
  preparedSend,
  shutDown,
  type Health,
  type ProcessOnceResult,
  type PulledDelivery,
  type ReceiveOptions,
} from './wiring/index.js';

/**
 * Durable internal webhooks on Redis Streams, without a framework.
 *
 * @example
 * ```ts
 * const mq = new LeanMQ({ redis: 'redis://localhost:6379', group: 'billing' });
 * mq.handle<Order>('/order/created/', async ({ data }) => invoice(data));
 * await mq.start();
 * await mq.publish('/order/created/', { id: 'o-1' });
 * ```
 */
export class LeanMQ implements AsyncDisposable {
  private readonly engine: Engine;
  private readonly service: Service;
  private readonly managing: ManageContext;
  private userClient: Connection | undefined;
  private closing: Promise<void> | undefined;

  /** @throws {ConfigError} if an option is invalid */
  constructor(options: LeanMQOptions) {
    this.engine = new Engine(options, {
      onRegistry: (news) => this.service.onRegistry(news),
      onConnected: () => void this.service.noteProcess(),
      touch: () => this.service.touch(),
      keepsExpired: (path) => this.service.keepsExpired(path),
    });
    this.service = new Service(this.engine);
    this.managing = managingOf(this.engine);
  }

  /** All events, by name. */
  get events(): EventListeners {
    return this.engine.events;
  }

  /** This process's unique name within its group; each start makes a new one. */
  get consumer(): string {
    return this.service.consumer;
  }

  /**
   * Connects and checks the server. Other calls do this when they need it; call it yourself to fail early.
   *
   * @throws {BrokerUnavailableError | BrokerRefusedError}
   */
  connect(): Promise<void> {
    return this.engine.connect();
  }

  /**
   * Publishes a message to every group of the path.
   *
   * @example
   * ```ts
   * await mq.publish('/order/created/', { id: 'o-1' }, { messageId: 'order-o-1' });
   * ```
   *
   * @throws {MessageError | ConfigError} if the payload or an option is invalid
   * @throws {BrokerUnavailableError} if Redis did not reply in time; `outcome` tells whether the message may be stored
   * @throws {AbortedError} if `signal` was aborted first; `outcome` means the same
   * @throws {NotReplicatedError} if the message is stored, but too few replicas confirmed it for `durability`
   * @throws {BufferFullError} if as many sends already wait as `maxBuffered` or `maxBufferedBytes` allows
   */
  publish(path: string, data: unknown, options?: PublishOptions): Promise<PublishResult> {
    const { engine } = this;
    if (engine.isConnected) return engine.publisher.publish(path, data, options);
    return preparedSend(this.engine, options).then((left) =>
      engine.publisher.publish(path, data, left),
    );
  }

  /**
   * Publishes many messages to one path, each on its own; see `transaction` for all or nothing. The list may be longer
   * than `maxBuffered`.
   *
   * @returns the result of each item, in order; a failed item does not affect the others
   */
  async publishMany(path: string, items: readonly PublishItem[]): Promise<PublishManyResult[]> {
    if (!this.engine.isConnected) await preparedSend(this.engine, undefined);
    return this.engine.publisher.publishMany(path, items);
  }

  /**
   * Publishes everything that the callback sends, or nothing.
   *
   * @example
   * ```ts
   * await mq.transaction((tx) => {
   *   tx.send('/order/created/', order);
   *   tx.send('/stock/reserved/', { sku: order.sku });
   * });
   * ```
   *
   * @returns the result of each send, in order
   * @throws {TransactionTooLargeError} beyond `maxTransactionSends` or `maxTransactionBytes`
   */
  async transaction(
    build: (tx: Transaction) => void | Promise<void>,
    options?: TransactionOptions,
  ): Promise<PublishResult[]> {
    const { engine } = this;
    if (engine.isConnected) return engine.publisher.transaction(build, options);
    engine.publisher.refuseNested();
    return engine.publisher.transaction(build, await preparedSend(this.engine, options));
  }

  /**
   * Cancels a delayed send that has not been published yet. A `messageId` that the caller chose may be used again at once.
   *
   * @returns `not-found` when the send was already published, or never existed
   * @throws {BrokerUnavailableError} if Redis did not reply in time; `outcome` tells whether the send may be cancelled
   */
  async cancel(path: string, id: string, call?: CallOptions): Promise<CancelOutcome> {
    return cancelDelayed(this.engine, this.managingFor(call), path, id);
  }

  /**
   * Registers the handler of a path for this group. Delivery begins with `start`, or at once if the service has started.
   *
   * @example
   * ```ts
   * mq.handle<Order>('/order/created/', async ({ data }) => invoice(data), { attempts: 5 });
   * ```
   *
   * @throws {ConfigError} if the path already has a handler, or an option is invalid
   */
  handle<T = unknown>(path: string, handler: WebhookHandler<T>, options?: HandlerOptions<T>): this {
    this.service.handle(path, handler, options);
    return this;
  }

  /**
   * Registers a handler that receives several deliveries of a path at once; `concurrency` then counts batches.
   *
   * @throws {ConfigError} if the path already has a handler, or an option is invalid
   */
  handleBatch<T = unknown>(
    path: string,
    handler: BatchHandler<T>,
    options: HandlerOptions<T> = {},
  ): this {
    handleBatch(this.service, path, handler, options);
    return this;
  }

  /**
   * Changes at once how many deliveries of a path run in parallel in this process; for a batch handler, how many batches.
   * Running deliveries continue.
   *
   * @throws {ConfigError} if the path has no handler here, or the number is not 1 to 10,000
   */
  setConcurrency(path: string, concurrency: number): void {
    this.service.setConcurrency(path, concurrency);
  }

  /** Starts to deliver, also after a stop. Without handlers the process only publishes and opens no reader. */
  start(): Promise<void> {
    return this.service.start();
  }

  /** Registers a handler and starts to deliver: `handle` and `start` in one call. */
  async consume<T = unknown>(
    path: string,
    handler: WebhookHandler<T>,
    options?: HandlerOptions<T>,
  ): Promise<void> {
    await this.handle(path, handler, options).start();
  }

  /**
   * Takes everything due (retries and stale deliveries too), runs the handlers, and resolves once all of it is settled.
   * Meant for a cron job instead of a long-running service.
   *
   * @param options.count maximum number of messages; default 100
   * @param options.blockMs time to wait for a first message, in ms; by default it does not wait
   */
  processOnce(options?: ReceiveOptions): Promise<ProcessOnceResult> {
    return this.service.processOnce(options);
  }

  /**
   * Takes messages of a path for this group; the caller settles them. Their leases are renewed until then. A paused group
   * receives none.
   *
   * @example
   * ```ts
   * for (const delivery of await mq.receive<Order>('/order/created/', { count: 10 })) {
   *   await invoice(delivery.data);
   *   await delivery.ack();
   * }
   * ```
   *
   * @param options.count maximum number of messages; default 1
   * @param options.blockMs time to wait for a first message, in ms; by default it does not wait
   * @param options.consumer name of the consumer that takes them; LeanMQ makes it unique
   * @throws {NotFoundError} if the queue was deleted, or the group was removed from it
   */
  receive<T = unknown>(path: string, options?: ReceiveOptions): Promise<PulledDelivery<T>[]> {
    return this.service.receive<T>(path, options);
  }

  /**
   * Stops reading, waits up to `drainTimeoutMs` for running handlers, and gives back the deliveries that they have not
   * finished. Publishing still works; `start` starts the service again.
   */
  stop(): Promise<void> {
    return this.service.stop();
  }

  /**
   * Returns the dead letters of a path and a group, to inspect, replay or drop.
   *
   * @example
   * ```ts
   * await mq.deadLetters('/order/created/').replayAll();
   * ```
   *
   * @param group the subscribing group; default this process's own
   * @param call time limit and signal of each call
   */
  deadLetters(path: string, group: string = this.engine.group, call?: CallOptions): DeadLetters {
    return new DeadLetters(this.managingFor(call), normalizePath(path), group);
  }

  /**
   * Returns a queue to inspect and manage. The call does not create the queue in Redis.
   *
   * @param call time limit and signal of each call
   */
  queue(path: string, call?: CallOptions): Queue {
    return new Queue(this.managingFor(call), normalizePath(path));
  }

  /** Lists all queues with their details, by path. Deleted queues are included and have `deletedAt`. */
  async queues(call?: CallOptions): Promise<QueueInfo[]> {
    const managing = this.managingFor(call);
    await managing.ready();
    return listQueues(managing);
  }

  /**
   * Delivers past messages of a path again, to one group only; live messages take precedence. Resolves once all are in the
   * group's inbox, or the signal stopped the replay.
   *
   * @throws {NotFoundError} if the queue does not exist, the group is not on it, or there is no replay to resume
   */
  async replay<T = unknown>(
    path: string,
    options: GroupReplayOptions<T> = {},
  ): Promise<ReplayResult> {
    return replayHistory(this.managing, path, options, this.engine.group);
  }

  /** Reports the health of this process: whether it consumes, and what is stuck, paused, busy or refused. */
  health(): Health {
    return healthOf(this.engine, this.service, this.closing !== undefined);
  }

  /** Recurring sends. */
  get schedules(): Schedules<PublishResult> {
    return this.engine.scheduling.schedules;
  }

  /** Escape hatch: a Redis client with its own connection, for anything else. The names of all keys are documented. */
  get redis(): Redis {
    this.userClient ??= this.engine.connections.make('user');
    this.userClient.open();
    return this.userClient.client;
  }

  /** Stops the service, lets pending publishes finish, and closes every connection. */
  close(): Promise<void> {
    this.closing ??= shutDown(this.engine, this.service);
    return this.closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Describes the client for a log, without the options, which may hold a password. */
  toJSON(): { consumer: string; group: string | undefined; prefix: string; status: string } {
    const { consumer, options } = this.engine;
    return { consumer, group: options.group, prefix: options.prefix, status: this.health().status };
  }

  [inspect.custom](): string {
    return `LeanMQ ${inspect(this.toJSON())}`;
  }

  private managingFor(call: CallOptions | undefined): ManageContext {
    return call === undefined ? this.managing : managingOf(this.engine, call);
  }
}
