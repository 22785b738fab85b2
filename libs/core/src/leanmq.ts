import { randomUUID } from 'node:crypto';

import type { Redis } from 'ioredis';

import { ClosedError, ConfigError, toError } from './errors.js';
import { Events } from './events.js';
import {
  DeadLetters,
  HistoryReplay,
  Queue,
  listQueues,
  type ManageContext,
  type QueueInfo,
  type ReplayOptions,
  type ReplayResult,
} from './manage/index.js';
import { displayPath, normalizePath, validGroup, validMessageId } from './message/index.js';
import {
  resolveHandleOptions,
  resolveOptions,
  type HandlerOptions,
  type LeanMQOptions,
  type ResolvedOptions,
} from './options.js';
import {
  Publisher,
  cancelSend,
  type CancelOutcome,
  type PublishManyResult,
  type PublishOptions,
  type PublishResult,
  type Transaction,
} from './publish/index.js';
import type { Consumer, ConsumerContext } from './receive/index.js';
import {
  Connections,
  Keys,
  Registry,
  RegistryWatch,
  ServerClock,
  checkServer,
  isTransient,
  type Connection,
  type RegisteredRoute,
} from './redis/index.js';
import {
  BATCH_DEFAULTS,
  BatchCollector,
  type BatchHandler,
  type WebhookHandler,
} from './run/index.js';
import type { Schedules } from './schedules/index.js';
import { Sweeper } from './sweep/index.js';
import {
  Puller,
  buildConsumer,
  buildScheduling,
  type ConsumingParts,
  type PulledDelivery,
  type ReceiveOptions,
  type Registration,
  type Scheduling,
} from './wiring/index.js';

/** How it is, at this moment. */
export interface Health {
  /** `up` when every connection is there and the readers read. */
  readonly status: 'up' | 'down' | 'closed';
  readonly connections: Readonly<Record<string, boolean>>;
  /** For each reader, how long ago a read last came back, ms. */
  readonly readAgesMs: readonly number[];
  /** Deliveries held, running or waiting for their turn. */
  readonly inFlight: number;
  /** Sends without an answer. */
  readonly publishing: number;
}

/** What one pass did. */
export interface Processed {
  /** Handled with success. */
  readonly processed: number;
  /** Failed, to come again. */
  readonly failed: number;
  readonly deadLettered: number;
}

/** How often a process says that its groups are there, ms; more often only with shorter leases. */
const TOUCH_MS = 30_000;

/** A read that has been out for that many of its own waiting times is not coming back. */
const READ_OVERDUE = 3;

/**
 * Internal webhooks on Redis Streams, without a framework. The composition root: with `wiring/` it is the only place
 * that knows all steps of a message's life.
 */
export class LeanMQ implements AsyncDisposable {
  readonly events = new Events();
  /** This process' unique name within its group. */
  readonly consumer: string;
  private readonly options: ResolvedOptions;
  private readonly keys: Keys;
  private readonly clock = new ServerClock();
  private readonly connections: Connections;
  private readonly command: Connection;
  private readonly publishing: Connection;
  private readonly registry: Registry;
  private readonly watch: RegistryWatch;
  private readonly publisher: Publisher;
  private readonly sweeper: Sweeper;
  private readonly scheduling: Scheduling;
  private readonly managing: ManageContext;
  private readonly pullers = new Map<string, Puller>();
  private readonly toldDeleted = new Set<string>();
  private readonly registrations = new Map<string, Registration>();
  private consuming: Consumer | undefined;
  private userClient: Connection | undefined;
  private connected: Promise<void> | undefined;
  private started: Promise<void> | undefined;
  private stopped: Promise<void> | undefined;
  private isConnected = false;
  private closing: Promise<void> | undefined;
  private released = 0;

  /** @throws {ConfigError} for an option that is not acceptable */
  constructor(options: LeanMQOptions) {
    this.options = resolveOptions(options);
    this.keys = new Keys(this.options.prefix);
    this.consumer = `${this.options.consumerName}-${process.pid}-${randomUUID().slice(0, 8)}`;
    this.connections = this.makeConnections();
    this.command = this.connections.make('command');
    this.publishing = this.connections.make('publish');
    this.registry = new Registry(this.command, this.keys.registry);
    this.watch = new RegistryWatch(this.registry, {
      isReady: () => this.command.ready,
      onChange: (routes) => this.onRegistry(routes),
      touch: () => this.touchGroups(),
      touchMs: Math.min(this.options.leaseMs, TOUCH_MS),
    });
    this.publisher = this.makePublisher();
    this.scheduling = this.makeScheduling();
    this.sweeper = this.makeSweeper();
    this.managing = this.makeManaging();
  }

  /**
   * Connects and checks the server. Called by whatever needs it; call it yourself to know at once.
   *
   * @throws {BrokerUnavailableError | BrokerRefusedError}
   */
  connect(): Promise<void> {
    this.connected ??= this.open().catch((error: unknown) => {
      this.connected = undefined;
      throw error;
    });
    return this.connected;
  }

  /**
   * Publishes a message to every group of the path.
   *
   * @throws {MessageError | ConfigError} if the payload or an option is not acceptable
   * @throws {BrokerUnavailableError} if Redis did not answer in time; `outcome` says whether the message may be stored
   */
  publish(path: string, data: unknown, options?: PublishOptions): Promise<PublishResult> {
    if (this.isConnected) return this.publisher.publish(path, data, options);
    return this.prepare().then(() => this.publisher.publish(path, data, options));
  }

  /** Publishes many to one path, each on its own; see `transaction` for all or nothing. */
  async publishMany(
    path: string,
    items: readonly { readonly data: unknown; readonly options?: PublishOptions }[],
  ): Promise<PublishManyResult[]> {
    if (!this.isConnected) await this.prepare();
    return this.publisher.publishMany(path, items);
  }

  /** Publishes all that the callback sends, or nothing. Resolves to what became of each send. */
  async transaction(build: (tx: Transaction) => void | Promise<void>): Promise<PublishResult[]> {
    if (!this.isConnected) await this.prepare();
    return this.publisher.transaction(build);
  }

  /**
   * Takes a delayed send back, as long as it has not been moved to the log. If its id was the caller's own, the same id
   * may be sent again at once.
   *
   * @returns `not-found` when it was moved already, or never there
   */
  async cancel(path: string, id: string): Promise<CancelOutcome> {
    const normal = normalizePath(path);
    validMessageId(id);
    if (!this.isConnected) await this.prepare();
    const outcome = await cancelSend(this.command, this.keys.route(normal), id);
    if (outcome === 'cancelled') this.events.tell('cancelled', () => ({ path: normal, id }));
    return outcome;
  }

  /**
   * Registers the handler of a path for this group; `start` begins to deliver to it.
   *
   * @throws {ConfigError} if the path has a handler already, or an option is not acceptable
   */
  handle<T = unknown>(path: string, handler: WebhookHandler<T>, options?: HandlerOptions<T>): this {
    const normal = normalizePath(path);
    if (this.started !== undefined) {
      throw new ConfigError(`Register the handler of "${displayPath(normal)}" before start().`);
    }
    if (this.registrations.has(normal)) {
      throw new ConfigError(
        `Path "${displayPath(normal)}" has a handler already in group "${this.options.group}"; a group has one for each path.`,
        { code: 'HANDLER_DUPLICATE' },
      );
    }
    this.registrations.set(normal, {
      path: normal,
      handler: handler as WebhookHandler,
      options: resolveHandleOptions(options, this.options.handlers),
    });
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
    const batch = { ...BATCH_DEFAULTS, ...options.batch };
    const { concurrency = this.options.handlers.concurrency } = options;
    const collector = new BatchCollector(handler, batch, concurrency);
    return this.handle(path, (delivery) => collector.add(delivery), { ...options, batch });
  }

  /** Begins to deliver. Without handlers it is a publisher only and opens no reader. */
  start(): Promise<void> {
    this.started ??= this.begin().catch((error: unknown) => {
      // It may be tried again.
      this.started = undefined;
      throw error;
    });
    return this.started;
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
  async processOnce({ count = 100, blockMs }: ReceiveOptions = {}): Promise<Processed> {
    if (this.started !== undefined) {
      throw new ConfigError('processOnce() is for a process that has not called start().');
    }
    await this.connect();
    await this.sweeper.sweep([...this.registrations.keys()]);
    const result = { processed: 0, failed: 0, deadLettered: 0 };
    const consuming = this.makeConsumer((verdict, outcome) => {
      if (verdict.kind === 'dead') result.deadLettered += 1;
      else if (verdict.kind === 'retry' && outcome.kind === 'failure') result.failed += 1;
      else if (outcome.kind === 'success') result.processed += 1;
    });
    const connection = this.connections.make('read');
    try {
      await connection.connect(this.options.connectTimeoutMs);
      await this.join(consuming);
      await consuming.runOnce(connection, { count, blockMs });
    } finally {
      this.connections.close(connection);
    }
    return result;
  }

  /**
   * Takes messages of a path for this group, to be settled by the caller. They are kept alive until then.
   *
   * @param options.count messages at most, 1 unless told
   * @param options.blockMs how long to wait if nothing is there, ms; not at all unless told
   */
  async receive<T = unknown>(
    path: string,
    options: ReceiveOptions = {},
  ): Promise<PulledDelivery<T>[]> {
    if (
      options.count !== undefined &&
      (!Number.isSafeInteger(options.count) || options.count < 1)
    ) {
      throw ConfigError.option('count', options.count, 'a whole number, 1 or more');
    }
    const normal = normalizePath(path);
    await this.connect();
    let puller = this.pullers.get(normal);
    if (puller === undefined) {
      puller = this.makePuller(normal);
      this.pullers.set(normal, puller);
    }
    return puller.receive<T>(options);
  }

  /**
   * Stops reading, waits up to `drainTimeoutMs` for running handlers, and gives back what they have not finished.
   * Publishing goes on.
   */
  stop(): Promise<void> {
    if (this.started === undefined) return Promise.resolve();
    this.stopped ??= this.stopConsuming();
    return this.stopped;
  }

  /** What is still about to begin finds out at its next step. */
  private async stopConsuming(): Promise<void> {
    const { consuming } = this;
    if (consuming === undefined) return;
    this.consuming = undefined;
    await consuming.stop();
    const { consumer, released } = this;
    this.events.tell('stopped', () => ({ group: this.groupName, consumer, released }));
  }

  /** The dead letters of a path, of this group unless told. */
  deadLetters(path: string, group: string = this.groupName): DeadLetters {
    return new DeadLetters(this.managing, normalizePath(path), group);
  }

  /** A queue, to look at and to look after. To have one does not create it. */
  queue(path: string): Queue {
    return new Queue(this.managing, normalizePath(path));
  }

  /** All queues with what is known of each, by path; deleted ones too, which have `deletedAt`. */
  async queues(): Promise<QueueInfo[]> {
    await this.connect();
    return listQueues(this.managing);
  }

  /**
   * Delivers past messages of a path again, to one group only; live messages go first. Resolves when all have been put
   * into the group's inbox, or when the signal stopped it.
   *
   * @param options.group this group unless told
   */
  async replay<T = unknown>(
    path: string,
    { group = this.groupName, ...options }: ReplayOptions<T> & { readonly group?: string } = {},
  ): Promise<ReplayResult> {
    const normal = normalizePath(path);
    await this.connect();
    const keys = this.keys.route(normal);
    return new HistoryReplay<T>(keys, validGroup(group), this.command, options).run();
  }

  health(): Health {
    const connections = this.connections.states;
    const readAgesMs = this.consuming?.readAges ?? [];
    const isReading = readAgesMs.every((age) => age < this.options.blockMs * READ_OVERDUE);
    const isUp = isReading && Object.values(connections).every(Boolean);
    return {
      status: this.closing !== undefined ? 'closed' : isUp ? 'up' : 'down',
      connections,
      readAgesMs,
      inFlight: this.consuming?.inFlightCount ?? 0,
      publishing: this.publisher.pending,
    };
  }

  /** Recurring sends. */
  get schedules(): Schedules<PublishResult> {
    return this.scheduling.schedules;
  }

  /** The escape hatch: a client of its own, for whatever else. The names of the keys are documented. */
  get redis(): Redis {
    this.userClient ??= this.connections.make('user');
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

  private get groupName(): string {
    return this.requireGroup();
  }

  private requireGroup(): string {
    const { group } = this.options;
    if (group === undefined) {
      throw new ConfigError(
        'Option "group" is missing: a service that has handlers names its group.',
      );
    }
    return group;
  }

  // ---- connections -------------------------------------------------------------------------------------------------

  private async prepare(): Promise<void> {
    if (this.closing !== undefined) throw new ClosedError();
    const opening = this.connect();
    if (this.options.connect === 'fail') return opening;
    // Sends wait in the publisher until there is a connection, each up to its own deadline.
    opening.catch((error: unknown) => this.fault('connect', error));
  }

  private async open(): Promise<void> {
    if (this.closing !== undefined) throw new ClosedError();
    const { connect, connectTimeoutMs, allowEviction } = this.options;
    for (const connection of [this.command, this.publishing]) connection.open();
    if (connect === 'wait') await this.command.whenReady();
    else await this.command.connect(connectTimeoutMs);
    const { warnings } = await this.command.run((client) => checkServer(client, { allowEviction }));
    for (const message of warnings) {
      this.events.tell('warning', () => ({ code: 'EVICTION_POLICY', message }));
    }
    const [seconds, micros] = (await this.command.run((client) => client.time())).map(Number);
    this.clock.sync((seconds as number) * 1_000 + Math.floor((micros as number) / 1_000));
    if (connect === 'fail') await this.publishing.connect(connectTimeoutMs);
    this.isConnected = true;
    await this.watch.start();
  }

  private makeConnections(): Connections {
    const { redis: target, group: owner = 'publisher', blockMs, silenceMs } = this.options;
    return new Connections(
      { target, owner, blockMs, silenceMs },
      {
        onLost: (role, error) => this.events.tell('connectionLost', () => ({ role, error })),
        onRegained: (downMs) => this.events.tell('connectionRegained', () => ({ downMs })),
      },
    );
  }

  private async shutDown(): Promise<void> {
    // Whoever waits for the first connection waits in vain from now on.
    if (!this.isConnected) this.connections.closeAll();
    await this.stop().catch((error: unknown) => this.fault('stop', error));
    await Promise.all([...this.pullers.values()].map((puller) => puller.close())).catch(
      (error: unknown) => this.fault('stop', error),
    );
    await this.publisher.idle(this.options.drainTimeoutMs);
    this.publisher.close();
    this.sweeper.stop();
    this.watch.stop();
    this.connections.closeAll();
  }

  // ---- the steps, wired --------------------------------------------------------------------------------------------

  private makePublisher(): Publisher {
    const { limits } = this.options;
    return new Publisher(
      this.consumer,
      this.publishing,
      this.keys,
      this.registry,
      limits,
      this.options,
      {
        onPublished: (path, { id, outcome }) => {
          this.sweeper.add(path);
          this.events.tell('published', () => ({ path, id, outcome }));
        },
        onScheduled: (path, due) => {
          if ('at' in due) this.sweeper.scheduledAt(path, due.at);
          else this.sweeper.scheduledIn(path, due.inMs);
        },
      },
    );
  }

  private makeScheduling(): Scheduling {
    const { command, keys, registry, publisher, events } = this;
    return buildScheduling({
      ...{ command, keys, registry, publisher, events },
      limits: this.options.limits,
      sweeper: () => this.sweeper,
      connect: async () => {
        if (!this.isConnected) await this.prepare();
      },
      onFault: (where, error) => this.fault(where, error),
    });
  }

  private makeManaging(): ManageContext {
    const { command: connection, keys, registry } = this;
    return {
      ...{ connection, keys, registry },
      ready: () => this.connect(),
      ownGroup: () => this.groupName,
      changed: () => this.watch.look(),
      sweep: (path) => connection.run(() => this.sweeper.sweepRoute(path)),
    };
  }

  private makeSweeper(): Sweeper {
    return new Sweeper(this.consumer, this.command, this.keys, this.clock, this.options, {
      onPromoted: (path, count) => this.events.tell('promoted', () => ({ path, count })),
      onTrimmed: (path, count) => this.events.tell('trimmed', () => ({ path, count })),
      onDeadLetterDropped: (drop) => this.events.tell('deadLetterDropped', () => drop),
      onSetAside: (path, count) => {
        const message = `${count} scheduled entries of "${displayPath(path)}" cannot be appended and are set aside for a minute.`;
        this.events.tell('warning', () => ({ code: 'SCHEDULE_ENTRY', message }));
      },
      onFault: (error) => this.fault('sweep', error),
      onTicksDue: (path, now) => this.scheduling.ticker.tick(path, now),
      revive: (path) => this.registry.addRoute(this.command.client, path),
    });
  }

  private async begin(): Promise<void> {
    if (this.registrations.size > 0) this.requireGroup();
    if (this.options.connect === 'fail') return this.beginConsuming();
    this.beginConsuming().catch((error: unknown) => this.fault('start', error));
  }

  private async beginConsuming(): Promise<void> {
    await this.connect();
    if (this.registrations.size === 0 || (this.stopped ?? this.closing) !== undefined) return;
    const { consumer } = this;
    const group = this.groupName;
    const consuming = this.makeConsumer();
    this.consuming = consuming;
    await this.join(consuming);
    // Stopped meanwhile.
    if (this.consuming !== consuming) return;
    consuming.start(() => this.connections.make('read'));
    const routes = [...this.registrations.keys()];
    this.events.tell('started', () => ({ group, consumer, routes }));
  }

  /** Before the first read, so that what is paused or deleted is not begun with. */
  private async join(consuming: Consumer): Promise<void> {
    await consuming.join();
    await this.switchOff(consuming, await this.registry.routes());
  }

  private get consumerContext(): ConsumerContext {
    const { keys, clock, command, consumer, options, registry } = this;
    return { group: this.groupName, consumer, keys, clock, options, command, registry };
  }

  private makeConsumer(onSettled?: ConsumingParts['onSettled']): Consumer {
    const { sweeper, events, consumerContext: context } = this;
    return buildConsumer({
      context,
      registrations: this.registrations.values(),
      sweeper,
      events,
      onFault: (where, error) => this.fault(where, error),
      ...(onSettled !== undefined && { onSettled }),
    });
  }

  private makePuller(path: string): Puller {
    const { sweeper, events, consumerContext: context } = this;
    sweeper.add(path);
    return new Puller({
      context,
      path,
      options: this.options.handlers,
      connection: this.connections.make('read'),
      sweeper,
      events,
      onFault: (where, error) => this.fault(where, error),
    });
  }

  /** A group whose consumers say nothing for long is an alarm. */
  private async touchGroups(): Promise<void> {
    const consumed = this.consuming === undefined ? [] : this.registrations.keys();
    const paths = [...new Set([...consumed, ...this.pullers.keys()])];
    if (paths.length > 0) await this.registry.touch(paths, this.groupName);
  }

  /** What the registry says has changed, or is told for the first time. */
  private onRegistry(routes: readonly RegisteredRoute[]): void {
    this.publisher.onRegistry(routes);
    this.sweeper.onRegistry(routes);
    this.scheduling.refresh().catch((error: unknown) => this.fault('schedules', error));
    const { consuming } = this;
    if (consuming === undefined) return;
    this.switchOff(consuming, routes).catch((error: unknown) => this.fault('consume', error));
  }

  private async switchOff(consuming: Consumer, routes: readonly RegisteredRoute[]): Promise<void> {
    const off = new Set<string>();
    for (const route of routes) {
      const own = route.groups.find(({ group }) => group === this.groupName);
      const isBarred = this.isBarred(route);
      if (isBarred || own?.pausedAt !== undefined) off.add(route.path);
      if (!isBarred) this.toldDeleted.delete(route.path);
    }
    await consuming.switchOff((path) => off.has(path));
  }

  /** Whether a person has deleted the route, or removed this group from it. Warns of it once. */
  private isBarred({ path, deletedAt, removedGroups }: RegisteredRoute): boolean {
    const isDeleted = deletedAt !== undefined;
    if (!isDeleted && !removedGroups.includes(this.groupName)) return false;
    if (!this.registrations.has(path) || this.toldDeleted.has(path)) return true;
    this.toldDeleted.add(path);
    const shown = displayPath(path);
    const message = isDeleted
      ? `Route "${shown}" was deleted: it is not consumed until somebody publishes to it again.`
      : `Group "${this.groupName}" was removed from "${shown}": it consumes again when it is declared, or started anew.`;
    const code = isDeleted ? 'ROUTE_DELETED' : 'GROUP_REMOVED';
    this.events.tell('warning', () => ({ code, message }));
    return true;
  }

  private fault(where: string, thrown: unknown): void {
    // The connection tells of its own faults, once.
    if (this.closing !== undefined || isTransient(thrown)) return;
    const error = toError(thrown);
    this.events.tell('fault', () => ({ where, error }));
  }
}
