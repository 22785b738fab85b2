import { ConfigError } from '../errors.js';
import { displayPath, normalizePath } from '../message/index.js';
import { resolveHandleOptions, type HandlerOptions } from '../handler-options.js';
import type { Consumer, ConsumerContext } from '../receive/index.js';
import type { RegisteredRoute } from '../redis/index.js';
import type { WebhookHandler } from '../run/index.js';
import { buildConsumer, type ConsumingParts, type Registration } from './consuming.js';
import { uniqueName, type Engine } from './engine.js';
import { Gate } from './gate.js';
import { Puller, type PulledDelivery, type ReceiveOptions } from './pulling.js';

/** What one pass did. */
export interface Processed {
  /** Handled with success. */
  readonly processed: number;
  /** Failed, to come again. */
  readonly failed: number;
  readonly deadLettered: number;
}

/** The half of a process that subscribes: its handlers, its consumer, and what is pulled by hand. */
export class Service {
  private readonly pullers = new Map<string, Puller>();
  private readonly registrations = new Map<string, Registration>();
  private readonly gate: Gate;
  private consuming: Consumer | undefined;
  private started: Promise<void> | undefined;
  private stopped: Promise<void> | undefined;
  private released = 0;

  constructor(private readonly engine: Engine) {
    this.gate = new Gate(engine, (path) => this.registrations.has(path));
  }

  get inFlightCount(): number {
    return this.consuming?.inFlightCount ?? 0;
  }

  /** For each reader how long ago a read last came back, ms. */
  get readAges(): number[] {
    return this.consuming?.readAges ?? [];
  }

  keepsExpired(path: string): boolean {
    return this.registrations.get(path)?.options.onExpired === 'dead-letter';
  }

  /**
   * Registers the handler of a path for this group; `start` begins to deliver to it.
   *
   * @throws {ConfigError} if the path has a handler already, or an option is not acceptable
   */
  handle<T = unknown>(path: string, handler: WebhookHandler<T>, options?: HandlerOptions<T>): void {
    const normal = normalizePath(path);
    if (this.started !== undefined) {
      throw new ConfigError(`Register the handler of "${displayPath(normal)}" before start().`);
    }
    if (this.registrations.has(normal)) {
      throw new ConfigError(
        `Path "${displayPath(normal)}" has a handler already in group "${this.engine.options.group}"; a group has one for each path.`,
        { code: 'HANDLER_DUPLICATE' },
      );
    }
    this.registrations.set(normal, {
      path: normal,
      handler: handler as WebhookHandler,
      options: resolveHandleOptions(options, this.engine.options.handlers),
    });
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
    await this.engine.connect();
    await this.engine.sweeper.sweep([...this.registrations.keys()]);
    const result = { processed: 0, failed: 0, deadLettered: 0 };
    const consuming = this.makeConsumer((verdict, outcome) => {
      if (verdict.kind === 'dead') result.deadLettered += 1;
      else if (verdict.kind === 'retry' && outcome?.kind === 'failure') result.failed += 1;
      else if (outcome?.kind === 'success') result.processed += 1;
    });
    const connection = this.engine.connections.make('read');
    try {
      await connection.connect(this.engine.options.connectTimeoutMs);
      await this.join(consuming);
      await consuming.runOnce(connection, { count, blockMs });
    } finally {
      this.engine.connections.close(connection);
    }
    return result;
  }

  /**
   * Takes messages of a path for this group, to be settled by the caller. They are kept alive until then.
   *
   * @param options.count messages at most, 1 unless told
   * @param options.blockMs how long to wait if nothing is there, ms; not at all unless told
   * @param options.consumer who takes them; the name is made unique
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
    await this.engine.connect();
    // A path has no control characters.
    const key = `${options.consumer ?? ''}\n${normal}`;
    if (!this.pullers.has(key)) await this.engine.checkPermissions('consume');
    let puller = this.pullers.get(key);
    if (puller === undefined) {
      puller = this.makePuller(normal, options.consumer);
      this.pullers.set(key, puller);
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
    const { released } = this;
    const { consumer, group } = this.engine;
    this.engine.events.tell('stopped', () => ({ group, consumer, released }));
  }

  /** Gives back what was pulled and not settled. */
  async closePullers(): Promise<void> {
    await Promise.all([...this.pullers.values()].map((puller) => puller.close()));
  }

  /** A group whose consumers say nothing for long is an alarm. */
  async touch(): Promise<void> {
    const consumed = this.consuming === undefined ? [] : this.registrations.keys();
    const paths = [
      ...new Set([...consumed, ...[...this.pullers.values()].map(({ path }) => path)]),
    ];
    if (paths.length > 0) await this.engine.registry.touch(paths, this.engine.group);
  }

  /** What the registry says has changed. */
  onRegistry(routes: readonly RegisteredRoute[]): void {
    const { consuming } = this;
    if (consuming === undefined) return;
    consuming
      .switchOff(this.gate.closedOf(routes))
      .catch((error: unknown) => this.engine.fault('consume', error));
  }

  private async begin(): Promise<void> {
    if (this.registrations.size > 0) this.engine.requireGroup();
    if (this.engine.options.connect === 'fail') return this.beginConsuming();
    this.beginConsuming().catch((error: unknown) => this.engine.fault('start', error));
  }

  private async beginConsuming(): Promise<void> {
    await this.engine.connect();
    if (this.registrations.size === 0 || this.stopped !== undefined || this.engine.isClosing)
      return;
    const { consumer, group } = this.engine;
    const consuming = this.makeConsumer();
    this.consuming = consuming;
    await this.join(consuming);
    // Stopped meanwhile.
    if (this.consuming !== consuming) return;
    consuming.start(() => this.engine.connections.make('read'));
    const routes = [...this.registrations.keys()];
    this.engine.events.tell('started', () => ({ group, consumer, routes }));
  }

  /** Before the first read, so that what is paused or deleted is not begun with. */
  private async join(consuming: Consumer): Promise<void> {
    const { connect, connectTimeoutMs } = this.engine.options;
    await this.engine.checkPermissions('consume');
    await consuming.join(connect === 'wait' ? undefined : connectTimeoutMs);
    await consuming.switchOff(this.gate.closedOf(await this.engine.registry.routes()));
  }

  private get consumerContext(): ConsumerContext {
    const { keys, clock, command, consumer, options, registry, group } = this.engine;
    return { group, consumer, keys, clock, options, command, registry };
  }

  private makeConsumer(onSettled?: ConsumingParts['onSettled']): Consumer {
    const { consumerContext: context } = this;
    const { sweeper, events } = this.engine;
    return buildConsumer({
      context,
      registrations: this.registrations.values(),
      sweeper,
      events,
      onFault: (where, error) => this.engine.fault(where, error),
      onSettled: (verdict, outcome) => {
        if (verdict.kind === 'release') this.released += 1;
        onSettled?.(verdict, outcome);
      },
    });
  }

  private makePuller(path: string, name: string | undefined): Puller {
    const own = this.consumerContext;
    // Never the name of the handlers' consumer, which would take what is held here for its own.
    const consumer = uniqueName(name ?? this.engine.options.consumerName);
    const context = { ...own, consumer };
    const { sweeper, events } = this.engine;
    sweeper.add(path);
    return new Puller({
      context,
      path,
      options: this.engine.options.handlers,
      connection: this.engine.connections.make('read'),
      sweeper,
      events,
      onFault: (where, error) => this.engine.fault(where, error),
    });
  }
}
