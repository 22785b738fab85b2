import { ConfigError } from '../errors.js';
import { displayPath, normalizePath } from '../message/index.js';
import { resolveHandleOptions, type HandlerOptions } from '../handler-options.js';
import { inOwnContext } from '../own-context.js';
import type { Consumer, ConsumerContext } from '../receive/index.js';
import type { RegisteredRoute } from '../redis/index.js';
import type { WebhookHandler } from '../run/index.js';
import { buildConsumer, type ConsumingParts, type Registration } from './consuming.js';
import type { Engine } from './engine.js';
import { Gate } from './gate.js';
import { Pullers } from './pullers.js';
import { validReceive, type PulledDelivery, type ReceiveOptions } from './pulling.js';
import { uniqueName } from './unique-name.js';

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
  private readonly pullers: Pullers;
  private readonly registrations = new Map<string, Registration>();
  private readonly gate: Gate;
  /** Paths on which this process has joined its group. */
  private readonly joined = new Set<string>();
  private readonly passes = new Set<Consumer>();
  private consuming: Consumer | undefined;
  private started: Promise<void> | undefined;
  private stopped: Promise<void> | undefined;
  private released = 0;

  constructor(private readonly engine: Engine) {
    this.gate = new Gate(engine, (path) => this.registrations.has(path));
    this.pullers = new Pullers(engine, (consumer) => this.contextOf(consumer));
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
    this.started ??= inOwnContext(() => this.begin()).catch((error: unknown) => {
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
  async processOnce(options: ReceiveOptions = {}): Promise<Processed> {
    validReceive(options);
    const { count = 100, blockMs } = options;
    if (this.started !== undefined) {
      throw new ConfigError('processOnce() is for a process that has not called start().');
    }
    await this.engine.connect();
    await this.engine.sweeper.sweep([...this.registrations.keys()]);
    const result = { processed: 0, failed: 0, deadLettered: 0 };
    // Of its own, because another pass may run: what is held under a name must be held by one.
    const name = uniqueName(this.engine.options.consumerName);
    const consuming = this.makeConsumer(name, (verdict, outcome) => {
      if (verdict.kind === 'dead') result.deadLettered += 1;
      else if (verdict.kind === 'retry' && outcome?.kind === 'failure') result.failed += 1;
      else if (outcome?.kind === 'success') result.processed += 1;
    });
    const connection = this.engine.connections.make('read');
    try {
      await connection.connect(this.engine.options.connectTimeoutMs);
      this.passes.add(consuming);
      await this.join(consuming);
      await consuming.runOnce(connection, { count, blockMs });
    } finally {
      this.passes.delete(consuming);
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
    return this.pullers.receive<T>(normalizePath(path), options);
  }

  /**
   * Stops reading, waits up to `drainTimeoutMs` for running handlers, and gives back what they have not finished.
   * Publishing goes on.
   */
  stop(): Promise<void> {
    if (this.started === undefined) return Promise.resolve();
    this.stopped ??= inOwnContext(() => this.stopConsuming());
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
    await this.pullers.close();
  }

  /** A group whose consumers say nothing for long is an alarm. */
  async touch(): Promise<void> {
    const consumed = this.consuming === undefined ? [] : this.registrations.keys();
    const paths = [...new Set([...consumed, ...this.pullers.paths])];
    if (paths.length > 0) await this.engine.registry.touch(paths, this.engine.group);
  }

  /** What the registry says has changed. */
  onRegistry(routes: readonly RegisteredRoute[]): void {
    this.pullers.onRegistry(routes);
    const { consuming, passes } = this;
    if (consuming === undefined && passes.size === 0) return;
    const isOff = this.gate.closedOf(routes);
    for (const each of passes) this.switchOff(each, isOff);
    if (consuming !== undefined) this.switchOff(consuming, isOff);
  }

  private switchOff(consuming: Consumer, isOff: (path: string) => boolean): void {
    consuming.switchOff(isOff).catch((error: unknown) => this.engine.fault('consume', error));
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
    const consuming = this.makeConsumer(consumer);
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

  private contextOf(consumer: string): ConsumerContext {
    const { keys, clock, command, options, registry, group } = this.engine;
    const { joined } = this;
    return { group, consumer, keys, clock, options, joined, command, registry };
  }

  private makeConsumer(name: string, onSettled?: ConsumingParts['onSettled']): Consumer {
    const { sweeper, events } = this.engine;
    return buildConsumer({
      context: this.contextOf(name),
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
}
