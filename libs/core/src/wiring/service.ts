import { ConfigError } from '../errors.js';
import { displayPath, literalPath, normalizePath, type ConsumingState } from '../message/index.js';
import { resolveHandleOptions, type HandlerOptions } from '../handler-options.js';
import { inOwnContext } from '../own-context.js';
import type { Consumer, ConsumerContext } from '../consume/index.js';
import { limitsOf, type RegisteredRoute, type RegistryNews } from '../redis/index.js';
import type { WebhookHandler } from '../run/index.js';
import { assertHandler } from './assert-handler.js';
import { Consuming } from './consuming.js';
import type { Engine } from './engine.js';
import { Gate } from './gate.js';
import { Life } from './life.js';
import { Pullers } from './pullers.js';
import { validReceive, type PulledDelivery, type ReceiveOptions } from './pulling.js';
import { ProcessNote } from './process-note.js';
import type { PipelineParts, Registration } from './route-pipeline.js';
import type { WatchedRoute } from './standstill.js';
import { uniqueName } from './unique-name.js';
import { whileReachable } from './while-reachable.js';

/** Counts of one `processOnce()` pass. */
export interface ProcessOnceResult {
  /** Deliveries handled with success. */
  readonly processed: number;
  /** Deliveries that failed and will be retried. */
  readonly failed: number;
  readonly deadLettered: number;
}

/** The subscribing half of a process: its handlers, its consumer, and the messages pulled by hand. */
export class Service {
  private readonly pullers: Pullers;
  private readonly registrations = new Map<string, Registration>();
  private readonly gate: Gate;
  private readonly processNote: ProcessNote;
  /** Paths on which this process has joined its group. */
  private readonly joined = new Set<string>();
  private readonly passes = new Set<Consumer>();
  /** Latest life. */
  private life: Life | undefined;

  constructor(private readonly engine: Engine) {
    this.gate = new Gate(engine, (path) => this.registrations.has(path));
    this.processNote = new ProcessNote(engine, () => {
      return { state: this.state, consumer: this.consumer };
    });
    this.pullers = new Pullers(engine, (consumer) => this.contextOf(consumer));
  }

  /** Name of its consumer, different after each start. */
  get consumer(): string {
    return this.life?.consumer ?? this.engine.consumer;
  }

  get state(): ConsumingState {
    const { life } = this;
    if (life === undefined || this.registrations.size === 0) return 'none';
    if (life.phase !== 'running') return life.phase;
    const routes = this.watchedRoutes;
    const isPaused = routes.length > 0 && routes.every(({ subscription }) => subscription.isOff);
    return isPaused ? 'paused' : 'running';
  }

  get inFlightCount(): number {
    return this.consuming?.inFlightCount ?? 0;
  }

  /** Time since the last completed read of each reader, in ms. */
  get readAges(): number[] {
    return this.consuming?.readAges ?? [];
  }

  /** Handlers that are being consumed, with their routes. */
  get watchedRoutes(): WatchedRoute[] {
    const consuming = this.life?.consuming;
    return [...this.registrations.values()].flatMap((registration) => {
      const subscription = consuming?.subscriptionOf(registration.path);
      return subscription === undefined ? [] : [{ registration, subscription }];
    });
  }

  keepsExpired(path: string): boolean {
    return this.registrations.get(path)?.options.onExpired === 'dead-letter';
  }

  /**
   * Registers the handler of a path for this group. Delivery begins with `start`, or at once when already started.
   *
   * @throws {ConfigError} if the path already has a handler, or an option is not valid
   */
  handle<T = unknown>(path: string, handler: WebhookHandler<T>, options?: HandlerOptions<T>): void {
    const normal = literalPath(path);
    assertHandler(normal, handler);
    if (this.registrations.has(normal)) {
      throw new ConfigError(
        `Path "${displayPath(normal)}" already has a handler in group "${this.engine.options.group}"; a group has one handler per path.`,
        { code: 'HANDLER_DUPLICATE' },
      );
    }
    const registration = {
      path: normal,
      handler: handler as WebhookHandler,
      options: resolveHandleOptions(options, this.engine.options.handlers),
    };
    const { life } = this;
    const isLate = life !== undefined && !life.isEnding();
    if (isLate) this.engine.requireConsumable();
    this.registrations.set(normal, registration);
    if (!isLate) return;
    const adding = inOwnContext(() => this.takeOn(life, registration));
    life.takeOn(adding);
    adding.catch((error: unknown) => this.engine.fault('start', error));
  }

  /** Returns the concurrency of the path's handler: its deliveries, or batches, that run at the same time. */
  concurrencyOf(path: string): number {
    return this.registered(path).options.concurrency;
  }

  /**
   * Changes the concurrency of a handler, now and for later starts.
   *
   * @throws {ConfigError} if the path has no handler in this process, or the number is not valid
   */
  setConcurrency(path: string, concurrency: number): void {
    const before = this.registered(path);
    const options = resolveHandleOptions({ concurrency }, before.options);
    const registration = { ...before, options };
    this.registrations.set(before.path, registration);
    this.life?.consuming?.resize(registration);
  }

  private registered(path: string): Registration {
    const normal = normalizePath(path);
    const registration = this.registrations.get(normal);
    if (registration === undefined) {
      throw new ConfigError(`"${displayPath(normal)}" has no handler in this process.`);
    }
    return registration;
  }

  /** Starts delivery, also after a stop. Without handlers, the process only publishes and opens no reader. */
  start(): Promise<void> {
    if (this.life?.isEnding() === false) return this.life.ready();
    const previous = this.life;
    // Two lives never share a name: deliveries held under a name must belong to one of them.
    const life = new Life(
      previous === undefined ? this.engine.consumer : uniqueName(this.engine.options.consumerName),
    );
    this.life = life;
    life.started = inOwnContext(() => this.begin(life, previous)).catch((error: unknown) => {
      // The start may be tried again.
      this.failed(life);
      throw error;
    });
    return life.ready();
  }

  /**
   * Takes due messages (including retries and stale deliveries), runs their handlers, and resolves when all are
   * settled: for a cron job in place of a long-running service.
   *
   * @param options.count maximum number of messages. @default 100
   * @param options.blockMs time to wait when there is no message, in ms. @default undefined (no wait)
   * @param options.timeoutMs time for which Redis may be unreachable meanwhile, in ms
   */
  async processOnce(options: ReceiveOptions = {}): Promise<ProcessOnceResult> {
    validReceive(options);
    const { command, options: own } = this.engine;
    const limits = limitsOf(options, own.commandTimeoutMs);
    if (this.life !== undefined && this.life.phase !== 'stopped') {
      throw new ConfigError('processOnce() is for a process that has not called start().');
    }
    return whileReachable(command, limits, (signal) =>
      inOwnContext(() => this.pass(options, signal)),
    );
  }

  /** @param signal aborted when nobody waits any more: the pass then ends like a service that stops */
  private async pass(
    { count = 100, blockMs }: ReceiveOptions,
    signal: AbortSignal,
  ): Promise<ProcessOnceResult> {
    await this.engine.connect();
    await this.engine.sweeper.sweep([...this.registrations.keys()]);
    const result = { processed: 0, failed: 0, deadLettered: 0 };
    // A name of its own, because another pass may run: deliveries held under a name must belong to one of them.
    const name = uniqueName(this.engine.options.consumerName);
    const { consumer } = this.makeConsuming(name, (verdict, outcome) => {
      if (verdict.kind === 'dead') result.deadLettered += 1;
      else if (verdict.kind === 'retry' && outcome?.kind === 'failure') result.failed += 1;
      else if (outcome?.kind === 'success') result.processed += 1;
    });
    signal.throwIfAborted();
    const connection = this.engine.connections.make('read');
    const giveUp = (): void => {
      this.engine.connections.close(connection);
      consumer.stop().catch((error: unknown) => this.engine.fault('stop', error));
    };
    signal.addEventListener('abort', giveUp);
    try {
      await connection.connect(this.engine.options.connectTimeoutMs);
      this.passes.add(consumer);
      await this.join(consumer);
      signal.throwIfAborted();
      await consumer.runOnce(connection, { count, blockMs, signal });
    } finally {
      signal.removeEventListener('abort', giveUp);
      this.passes.delete(consumer);
      this.engine.connections.close(connection);
    }
    return result;
  }

  /**
   * Takes messages of a path for this group; the caller settles them. Their leases are renewed until then.
   *
   * @param options.count maximum number of messages. @default 1
   * @param options.blockMs time to wait when there is no message, in ms. @default undefined (no wait)
   * @param options.consumer name of the consumer; it is made unique
   */
  async receive<T = unknown>(
    path: string,
    options: ReceiveOptions = {},
  ): Promise<PulledDelivery<T>[]> {
    return this.pullers.receive<T>(normalizePath(path), options);
  }

  /**
   * Stops reading, waits up to `drainTimeoutMs` for running handlers, and releases unfinished deliveries. Publishing
   * continues; `start` resumes delivery.
   */
  stop(): Promise<void> {
    const { life } = this;
    if (life === undefined) return Promise.resolve();
    life.stopped ??= inOwnContext(() => this.end(life));
    return life.stopped;
  }

  /** Ends a life. A start that is still in progress notices it at its next step. */
  private async end(life: Life): Promise<void> {
    if (life.phase === 'stopped') return;
    life.phase = 'stopping';
    const { consuming, consumer } = life;
    try {
      if (consuming === undefined) return;
      await consuming.stop().finally(() => {
        for (const connection of life.connections) this.engine.connections.close(connection);
        life.consuming = undefined;
      });
      const { group } = this.engine;
      this.engine.events.tell('stopped', () => ({ group, consumer, released: life.released }));
    } finally {
      life.phase = 'stopped';
      await this.noteProcess();
    }
  }

  /** Reports to other processes whether this one consumes. */
  noteProcess(): Promise<void> {
    return this.processNote.write();
  }

  /** Deletes the note of this process before it ends. */
  eraseNote(): Promise<void> {
    return this.processNote.erase();
  }

  /** Releases pulled deliveries that were not settled. */
  async closePullers(): Promise<void> {
    await this.pullers.close();
  }

  /** Reports presence; a group whose consumers are silent for a long time raises an alarm. */
  async touch(): Promise<void> {
    void this.noteProcess();
    const consumed = this.consuming === undefined ? [] : this.registrations.keys();
    const paths = [...new Set([...consumed, ...this.pullers.paths])];
    if (paths.length > 0) await this.engine.registry.touch(paths, this.engine.group);
  }

  /** Takes a change of the registry. */
  onRegistry({ routes, isNewHistory }: RegistryNews): void {
    this.pullers.onRegistry(routes);
    const { consuming, passes } = this;
    if (consuming === undefined && passes.size === 0) return;
    const isOff = this.gate.closedOf(routes);
    for (const each of passes) this.switchOff(each, isOff);
    if (consuming === undefined) return;
    this.switchOff(consuming, isOff);
    if (isNewHistory) this.registerAgain(consuming, routes);
  }

  /** Registers the groups again: a failover may have lost them while the route itself is still registered. */
  private registerAgain(consuming: Consumer, routes: readonly RegisteredRoute[]): void {
    const { group } = this.engine;
    const known = new Set(
      routes
        .filter(({ groups }) => groups.some((each) => each.group === group))
        .map(({ path }) => path),
    );
    const missing = [...this.registrations.keys()].filter((path) => !known.has(path));
    consuming.rejoin(missing).catch((error: unknown) => this.engine.fault('consume', error));
  }

  private switchOff(consumer: Consumer, isOff: (path: string) => boolean): void {
    consumer.switchOff(isOff).catch((error: unknown) => this.engine.fault('consume', error));
  }

  /** Consumer at work, unless it was told to stop. */
  private get consuming(): Consumer | undefined {
    return this.life?.isEnding() === false ? this.life.consuming?.consumer : undefined;
  }

  private async begin(life: Life, previous: Life | undefined): Promise<void> {
    if (this.registrations.size > 0) this.engine.requireConsumable();
    if (previous !== undefined) {
      await previous.stopped?.catch(() => undefined);
      // As after a restart of the process: the group comes back even where an operator has removed it meanwhile.
      for (const path of this.registrations.keys()) this.joined.delete(path);
    }
    life.begun = this.consume(life);
    if (this.engine.options.connect === 'fail') return life.begun;
    life.begun.catch((error: unknown) => {
      this.failed(life);
      this.engine.fault('start', error);
    });
  }

  private failed(life: Life): void {
    life.phase = 'stopped';
    life.consuming = undefined;
    void this.noteProcess();
  }

  private async consume(life: Life): Promise<void> {
    await this.engine.connect();
    if (life.isEnding() || this.engine.isClosing) return;
    if (this.registrations.size > 0) await this.consumeAll(life);
    if (life.isEnding()) return;
    life.phase = 'running';
    void this.noteProcess();
  }

  private async consumeAll(life: Life): Promise<void> {
    const { consumer } = life;
    const registrations = [...this.registrations.values()];
    for (const each of registrations) life.known.add(each);
    const consuming = this.makeConsuming(consumer, (verdict) => {
      if (verdict.kind === 'release') life.released += 1;
    });
    life.consuming = consuming;
    await this.join(consuming.consumer);
    // A stop came meanwhile.
    if (life.isEnding()) return;
    consuming.start(() => {
      const connection = this.engine.connections.make('read');
      life.connections.push(connection);
      return connection;
    });
    const { group } = this.engine;
    const routes = registrations.map(({ path }) => path);
    this.engine.events.tell('started', () => ({ group, consumer, routes }));
  }

  /** Adds a handler that was registered after the start. */
  private async takeOn(life: Life, registration: Registration): Promise<void> {
    await life.started;
    await life.begun;
    if (life.isEnding() || life.known.has(registration)) return;
    if (life.consuming === undefined) return this.consumeAll(life);
    life.known.add(registration);
    await life.consuming.add(registration, async () => {
      const isOff = this.gate.closedOf(await this.engine.registry.routes());
      return isOff(registration.path);
    });
  }

  /** Joins the groups before the first read, so that paused or deleted routes are not started. */
  private async join(consumer: Consumer): Promise<void> {
    const { connect, connectTimeoutMs } = this.engine.options;
    await this.engine.checkPermissions('consume');
    await consumer.join(connect === 'wait' ? undefined : connectTimeoutMs);
    await consumer.switchOff(this.gate.closedOf(await this.engine.registry.routes()));
  }

  private contextOf(consumer: string): ConsumerContext {
    const { keys, clock, command, options, registry, group } = this.engine;
    const { joined } = this;
    return { group, consumer, keys, clock, options, joined, command, registry };
  }

  private makeConsuming(name: string, onSettled: PipelineParts['onSettled']): Consuming {
    const { sweeper, events } = this.engine;
    const parts = {
      ...{ context: this.contextOf(name), sweeper, events },
      onFault: (where: string, error: unknown) => this.engine.fault(where, error),
      ...(onSettled === undefined ? {} : { onSettled }),
    };
    return new Consuming(parts, this.registrations.values());
  }
}
