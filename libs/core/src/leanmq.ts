import { inspect } from 'node:util';

import type { Redis } from 'ioredis';

import type { Events } from './events.js';
import { assertHandlerOptions, type HandlerOptions } from './handler-options.js';
import {
  DeadLetters,
  HistoryReplay,
  Queue,
  assertReplayOptions,
  listQueues,
  type ManageContext,
  type QueueInfo,
  type ReplayOptions,
  type ReplayResult,
} from './manage/index.js';
import { normalizePath, validGroup, validMessageId } from './message/index.js';
import type { LeanMQOptions } from './options.js';
import {
  cancelSend,
  prepared,
  type CancelOutcome,
  type PublishItem,
  type PublishManyResult,
  type PublishOptions,
  type PublishResult,
  type Transaction,
  type TransactionOptions,
} from './publish/index.js';
import type { CallOptions, Connection } from './redis/index.js';
import {
  BATCH_DEFAULTS,
  BatchCollector,
  type BatchHandler,
  type WebhookHandler,
} from './run/index.js';
import type { Schedules } from './schedules/index.js';
import {
  Engine,
  Service,
  assertHandler,
  healthOf,
  managingOf,
  type Health,
  type Processed,
  type PulledDelivery,
  type ReceiveOptions,
} from './wiring/index.js';

/** Internal webhooks on Redis Streams, without a framework. */
export class LeanMQ implements AsyncDisposable {
  private readonly engine: Engine;
  private readonly service: Service;
  private readonly managing: ManageContext;
  private userClient: Connection | undefined;
  private closing: Promise<void> | undefined;

  /** @throws {ConfigError} for an option that is not acceptable */
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

  /** All that happens, by name. */
  get events(): Events {
    return this.engine.events;
  }

  /** This process' unique name within its group; another one after each start. */
  get consumer(): string {
    return this.service.consumer;
  }

  /**
   * Connects and checks the server. Called by whatever needs it; call it yourself to know at once.
   *
   * @throws {BrokerUnavailableError | BrokerRefusedError}
   */
  connect(): Promise<void> {
    return this.engine.connect();
  }

  /**
   * Publishes a message to every group of the path.
   *
   * @throws {MessageError | ConfigError} if the payload or an option is not acceptable
   * @throws {BrokerUnavailableError} if Redis did not answer in time; `outcome` says whether the message may be stored
   * @throws {AbortedError} if `signal` was aborted first; `outcome` says the same
   * @throws {NotReplicatedError} if it is stored, but was not confirmed by as many replicas as `durability` asks for
   * @throws {BufferFullError} if as many sends as may wait do so already
   */
  publish(path: string, data: unknown, options?: PublishOptions): Promise<PublishResult> {
    const { engine } = this;
    if (engine.isConnected) return engine.publisher.publish(path, data, options);
    return this.prepared(options).then((left) => engine.publisher.publish(path, data, left));
  }

  /**
   * Publishes many to one path, each on its own; see `transaction` for all or nothing. A list may be longer than
   * `maxBuffered`.
   */
  async publishMany(path: string, items: readonly PublishItem[]): Promise<PublishManyResult[]> {
    if (!this.engine.isConnected) await this.prepared(undefined);
    return this.engine.publisher.publishMany(path, items);
  }

  /**
   * Publishes all that the callback sends, or nothing. Resolves to what became of each send.
   *
   * @throws {TransactionTooLargeError} beyond `maxTransactionSends` or `maxTransactionBytes`
   */
  async transaction(
    build: (tx: Transaction) => void | Promise<void>,
    options?: TransactionOptions,
  ): Promise<PublishResult[]> {
    const { engine } = this;
    if (engine.isConnected) return engine.publisher.transaction(build, options);
    engine.publisher.refuseNested();
    return engine.publisher.transaction(build, await this.prepared(options));
  }

  /**
   * Takes a delayed send back, as long as it has not been moved to the log. If its id was the caller's own, the same id
   * may be sent again at once.
   *
   * @returns `not-found` when it was moved already, or never there
   * @throws {BrokerUnavailableError} if Redis did not answer in time; `outcome` says whether it may be cancelled
   */
  async cancel(path: string, id: string, call?: CallOptions): Promise<CancelOutcome> {
    const normal = normalizePath(path);
    validMessageId(id);
    const { connection, ready } = this.managingFor(call);
    await ready();
    const outcome = await cancelSend(connection, this.engine.keys.route(normal), id);
    if (outcome === 'cancelled') this.events.tell('cancelled', () => ({ path: normal, id }));
    return outcome;
  }

  /**
   * Registers the handler of a path for this group. `start` begins to deliver to it; once started, it begins at once.
   *
   * @throws {ConfigError} if the path has a handler already, or an option is not acceptable
   */
  handle<T = unknown>(path: string, handler: WebhookHandler<T>, options?: HandlerOptions<T>): this {
    this.service.handle(path, handler, options);
    return this;
  }

  /**
   * Registers a handler that gets several deliveries of a path at once; `concurrency` then counts batches.
   *
   * @throws {ConfigError} if the path has a handler already, or an option is not acceptable
   */
  handleBatch<T = unknown>(
    path: string,
    handler: BatchHandler<T>,
    options: HandlerOptions<T> = {},
  ): this {
    assertHandler(normalizePath(path), handler);
    // Spread, a text would be no options at all.
    assertHandlerOptions(options);
    const { batch: given = BATCH_DEFAULTS } = options;
    // What is none is refused below; spread, it would be the defaults.
    const batch = Object(given) === given ? { ...BATCH_DEFAULTS, ...given } : given;
    const collector = new BatchCollector(handler, batch, () => this.service.concurrencyOf(path));
    return this.handle(path, (delivery) => collector.add(delivery), { ...options, batch });
  }

  /**
   * Changes how many deliveries of a path its handler runs at the same time in this process, at once; of a batch handler,
   * how many batches. What runs goes on.
   *
   * @throws {ConfigError} if the path has no handler here, or the number is not 1 to 10,000
   */
  setConcurrency(path: string, concurrency: number): void {
    this.service.setConcurrency(path, concurrency);
  }

  /** Begins to deliver, after a stop too. Without handlers it is a publisher only and opens no reader. */
  start(): Promise<void> {
    return this.service.start();
  }

  /** `handle` and `start` in one. */
  async consume<T = unknown>(
    path: string,
    handler: WebhookHandler<T>,
    options?: HandlerOptions<T>,
  ): Promise<void> {
    await this.handle(path, handler, options).start();
  }

  /**
   * Takes what is due (also retries and stale deliveries), runs the handlers, and resolves when all is settled: for a
   * cron job instead of a service that stays.
   *
   * @param options.count messages at most, 100 unless told
   * @param options.blockMs how long to wait if nothing is there, ms; not at all unless told
   */
  processOnce(options?: ReceiveOptions): Promise<Processed> {
    return this.service.processOnce(options);
  }

  /**
   * Takes messages of a path for this group, to be settled by the caller. They are kept alive until then. While the
   * group is paused there are none.
   *
   * @param options.count messages at most, 1 unless told
   * @param options.blockMs how long to wait if nothing is there, ms; not at all unless told
   * @param options.consumer who takes them; the name is made unique
   * @throws {NotFoundError} if the queue was deleted, or the group was removed from it
   */
  receive<T = unknown>(path: string, options?: ReceiveOptions): Promise<PulledDelivery<T>[]> {
    return this.service.receive<T>(path, options);
  }

  /**
   * Stops reading, waits up to `drainTimeoutMs` for running handlers, and gives back what they have not finished.
   * Publishing goes on; `start` begins again.
   */
  stop(): Promise<void> {
    return this.service.stop();
  }

  /**
   * The dead letters of a path, of this group unless told.
   *
   * @param call limits of each call to it
   */
  deadLetters(path: string, group: string = this.engine.group, call?: CallOptions): DeadLetters {
    return new DeadLetters(this.managingFor(call), normalizePath(path), group);
  }

  /**
   * A queue, to look at and to look after. To have one does not create it.
   *
   * @param call limits of each call to it
   */
  queue(path: string, call?: CallOptions): Queue {
    return new Queue(this.managingFor(call), normalizePath(path));
  }

  /** All queues with what is known of each, by path; deleted ones too, which have `deletedAt`. */
  async queues(call?: CallOptions): Promise<QueueInfo[]> {
    const managing = this.managingFor(call);
    await managing.ready();
    return listQueues(managing);
  }

  /**
   * Delivers past messages of a path again, to one group only; live messages go first. Resolves when all have been put
   * into the group's inbox, or when the signal stopped it.
   *
   * @param options.group this group unless told
   * @throws {NotFoundError} if there is no such queue or group on it, or no replay to resume
   */
  async replay<T = unknown>(
    path: string,
    given: ReplayOptions<T> & { readonly group?: string } = {},
  ): Promise<ReplayResult> {
    const normal = normalizePath(path);
    assertReplayOptions(given);
    const { group = this.engine.group, ...options } = given;
    await this.managing.ready();
    return new HistoryReplay<T>(this.managing, normal, validGroup(group), options).run();
  }

  /** How this process is: whether it consumes, what is stuck, paused, busy or refused. */
  health(): Health {
    return healthOf(this.engine, this.service, this.closing !== undefined);
  }

  /** Recurring sends. */
  get schedules(): Schedules<PublishResult> {
    return this.engine.scheduling.schedules;
  }

  /** The escape hatch: a client of its own, for whatever else. The names of the keys are documented. */
  get redis(): Redis {
    this.userClient ??= this.engine.connections.make('user');
    this.userClient.open();
    return this.userClient.client;
  }

  /** Stops, lets what is being published finish, closes every connection. */
  close(): Promise<void> {
    this.closing ??= this.shutDown();
    return this.closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Describes the client in a log. It leaves out the options, which hold a password. */
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

  private prepared<Options extends TransactionOptions>(
    options: Options | undefined,
  ): Promise<Options | undefined> {
    const { engine } = this;
    const { connectTimeoutMs, publishTimeoutMs } = engine.options;
    // A send that says nothing leaves the first connection the time that it has by itself.
    return prepared(() => engine.prepare(), options, Math.max(connectTimeoutMs, publishTimeoutMs));
  }

  private async shutDown(): Promise<void> {
    const { engine, service } = this;
    engine.isClosing = true;
    // Whoever waits for the first connection waits in vain from now on.
    if (!engine.isConnected) engine.connections.closeAll();
    await service.stop().catch((error: unknown) => engine.fault('stop', error));
    await service.closePullers().catch((error: unknown) => engine.fault('stop', error));
    await service.eraseNote();
    await engine.shutDown();
  }
}
