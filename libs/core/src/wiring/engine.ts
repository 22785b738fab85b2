import { performance } from 'node:perf_hooks';

import { ClosedError, ConfigError, show, toError } from '../errors.js';
import { Events } from '../events.js';
import { displayPath } from '../message/index.js';
import { resolveOptions, type LeanMQOptions, type ResolvedOptions } from '../options.js';
import { inOwnContext } from '../own-context.js';
import { Publisher } from '../publish/index.js';
import {
  Connections,
  Keys,
  Registry,
  RegistryWatch,
  ServerClock,
  boundedConnection,
  checkPermissions,
  checkServer,
  idleTimeoutMs,
  isTransient,
  replyOf,
  withoutArguments,
  type Connection,
  type Purpose,
  type RegistryNews,
} from '../redis/index.js';
import { Sweeper } from '../sweep/index.js';
import { Refusals } from './refusals.js';
import { buildScheduling, type Scheduling } from './scheduling.js';
import { uniqueName } from './unique-name.js';

/** How often a process says that its groups are there, ms; more often only with shorter leases. */
const TOUCH_MS = 30_000;
/** A server that has not refused for so long is told of anew when it does, ms. */
const REFUSAL_OVER_MS = 60_000;

/** What the engine asks of the service that it carries. */
export interface EngineHooks {
  /** The registry has changed, or is told for the first time. */
  onRegistry: (news: RegistryNews) => void;
  /** It is connected. */
  onConnected: () => void;
  /** Says that its groups are there. */
  touch: () => Promise<void>;
  /** Whether this service wants expired messages of the path as dead letters. */
  keepsExpired: (path: string) => boolean;
}

/** What every process has, whether it consumes or only publishes: connections, registry, publisher, sweeper, schedules. */
export class Engine {
  readonly events = new Events();
  /** This process' unique name within its group. */
  readonly consumer: string;
  readonly options: ResolvedOptions;
  readonly keys: Keys;
  readonly clock = new ServerClock();
  readonly connections: Connections;
  readonly command: Connection;
  readonly registry: Registry;
  readonly watch: RegistryWatch;
  readonly publisher: Publisher;
  readonly sweeper: Sweeper;
  readonly scheduling: Scheduling;
  readonly refusals = new Refusals();
  isConnected = false;
  isClosing = false;
  private readonly publishing: Connection;
  private connected: Promise<void> | undefined;
  /** When the server last refused what it will take later, monotonic ms. */
  private refusedAt = -Infinity;

  /** @throws {ConfigError} for an option that is not acceptable */
  constructor(
    options: LeanMQOptions,
    private readonly hooks: EngineHooks,
  ) {
    this.options = resolveOptions(options);
    this.keys = new Keys(this.options.prefix);
    this.consumer = uniqueName(this.options.consumerName);
    this.connections = this.makeConnections();
    try {
      this.command = this.connections.make('command');
      this.publishing = this.connections.make('publish');
    } catch (error) {
      // Nobody has this object to close what a factory may have connected.
      this.connections.closeAll();
      throw error;
    }
    this.registry = new Registry(this.command, this.keys);
    this.watch = new RegistryWatch(this.registry, {
      isReady: () => this.command.ready,
      onChange: (news) => this.onRegistry(news),
      onUnreadable: (field, value) => {
        const message = `The registry has ${show(field)} with ${show(value)}, which this version does not understand and leaves out: a newer version, another tool or a mistake. Others of its kind are left out in silence.`;
        this.events.tell('warning', () => ({ code: 'REGISTRY_FIELD', message }));
      },
      onFault: (error) => this.fault('registry', error),
      touch: () => {
        this.publisher.forgetUnused();
        void this.sweeper.forgetRoutes();
        return this.hooks.touch();
      },
      touchMs: Math.min(this.options.leaseMs, TOUCH_MS),
    });
    this.publisher = this.makePublisher();
    this.scheduling = this.makeScheduling();
    this.sweeper = this.makeSweeper();
  }

  /** Connects and checks the server. */
  connect(): Promise<void> {
    this.connected ??= inOwnContext(() => this.open()).catch((error: unknown) => {
      this.connected = undefined;
      this.publisher.onRegistryFault(error);
      throw error;
    });
    return this.connected;
  }

  /** What every operation waits for: the connection, or with `connect: 'wait'` nothing. */
  async prepare(): Promise<void> {
    if (this.isClosing) throw new ClosedError();
    const opening = this.connect();
    if (this.options.connect === 'fail') return opening;
    // Sends wait in the publisher until the registry has been read, each up to its own deadline.
    opening.catch((error: unknown) => this.fault('connect', error));
  }

  /** @throws {BrokerRefusedError} if the user of Redis may not do what this needs */
  async checkPermissions(purpose: Purpose, connection = this.command): Promise<void> {
    await connection.run((client) => checkPermissions(client, this.keys.registry, purpose));
  }

  /** @throws {ConfigError} if this process has no group */
  requireGroup(): string {
    const { group } = this.options;
    if (group === undefined) {
      throw new ConfigError(
        'Option "group" is missing: a service that has handlers names its group.',
      );
    }
    return group;
  }

  /** @throws {ConfigError} if this process may have no handlers */
  requireConsumable(): void {
    this.requireGroup();
    if (this.options.tidy) return;
    throw new ConfigError(
      'Option "tidy" is false, and this process has handlers: their retries would wait for another process. Leave "tidy" out.',
    );
  }

  get group(): string {
    return this.requireGroup();
  }

  /** Ends what every process has. What is being published may finish. */
  async shutDown(): Promise<void> {
    await this.publisher.idle(this.options.drainTimeoutMs);
    this.publisher.close();
    this.sweeper.stop();
    this.watch.stop();
    this.connections.closeAll();
  }

  /** Something in the background failed. */
  fault(where: string, thrown: unknown): void {
    if (this.isClosing) return;
    const reply = replyOf(thrown);
    const refusal = reply ?? replyOf(toError(thrown).cause);
    const isNews = refusal === undefined || this.refusals.note(where, refusal);
    if (isTransient(thrown)) {
      // The connection tells of its own faults, once.
      if (reply !== undefined) this.refused(reply);
      return;
    }
    // What is tried again and again is told once: `health().refused` says that it goes on.
    if (!isNews) return;
    const error = toError(withoutArguments(thrown));
    this.events.tell('fault', () => ({ where, error }));
  }

  /** The server is there and refuses (MISCONF, READONLY): everything waits for it, and somebody should know why. */
  private refused(reply: string): void {
    const now = performance.now();
    const isNews = now - this.refusedAt > REFUSAL_OVER_MS;
    this.refusedAt = now;
    if (!isNews) return;
    const message = `Redis refuses for now, and is asked again until it does not: ${reply}`;
    this.events.tell('warning', () => ({ code: 'BROKER_REFUSES', message }));
  }

  /** Each listener by itself: one that fails keeps no other from what it is to know. */
  private onRegistry(news: RegistryNews): void {
    const listeners = [
      () => this.publisher.onRegistry(news),
      () => this.sweeper.onRegistry(news),
      () => this.hooks.onRegistry(news),
    ];
    for (const listener of listeners) {
      try {
        listener();
      } catch (error) {
        this.fault('registry', error);
      }
    }
    if (!news.schedulesChanged) return;
    this.scheduling.refresh().catch((error: unknown) => this.fault('schedules', error));
  }

  private async open(): Promise<void> {
    if (this.isClosing) throw new ClosedError();
    const { connect, connectTimeoutMs, allowEviction } = this.options;
    for (const connection of [this.command, this.publishing]) connection.open();
    if (connect === 'wait') await this.connections.untilReady(this.command);
    else await this.command.connect(connectTimeoutMs);
    // A server may be there and refuse everything for now (CLUSTERDOWN, LOADING): that has an end, too.
    const limits = { timeoutMs: connectTimeoutMs, signal: undefined };
    const command = connect === 'wait' ? this.command : boundedConnection(this.command, limits);
    const { warnings } = await command.run((client) => checkServer(client, { allowEviction }));
    await this.checkPermissions(this.options.tidy ? 'publish' : 'send', command);
    for (const message of warnings) {
      this.events.tell('warning', () => ({ code: 'EVICTION_POLICY', message }));
    }
    this.connections.keepAlive(await command.run(idleTimeoutMs));
    await command.run((client) => this.clock.read(client));
    const durable = this.publisher.durableConnection();
    if (connect === 'fail') await this.publishing.connect(connectTimeoutMs);
    if (durable !== undefined) await this.checkPermissions('replicate');
    if (connect === 'fail') await durable?.connect(connectTimeoutMs);
    await this.watch.start();
    this.isConnected = true;
    this.hooks.onConnected();
  }

  private makeConnections(): Connections {
    const { redis: target, group: owner = 'publisher', blockMs, silenceMs } = this.options;
    return new Connections(
      { target, owner, blockMs, silenceMs },
      {
        onLost: (role, error) => this.events.tell('connectionLost', () => ({ role, error })),
        onStillLost: (downMs) =>
          this.events.tell('connectionStillLost', () => ({
            downMs,
            waiting: this.publisher.pending,
          })),
        onRegained: (downMs) => this.events.tell('connectionRegained', () => ({ downMs })),
        onRefused: (_, error) => {
          // Whoever waits for the first connection gets it as a rejection.
          if (this.isConnected || this.options.connect === 'wait') this.fault('connect', error);
        },
      },
    );
  }

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
        openDurable: () => {
          const connection = this.connections.make('durable');
          connection.open();
          return connection;
        },
        onPublished: (path, { id, outcome }) => {
          this.sweeper.add(path);
          if (this.events.isHeard('published')) {
            this.events.tell('published', () => ({ path, id, outcome }));
          }
        },
        onUnheard: (path) => {
          const message = `Nobody has subscribed to "${displayPath(path)}" so far: what is sent to it waits for the first group, and reaches nobody if the path is misspelt.`;
          this.events.tell('warning', () => ({ code: 'NO_GROUP', message }));
        },
        onStray: () => {
          const message =
            'Something was published in the course of the callback of a transaction and is not part of it: it is sent whatever becomes of the transaction. Send it with tx.send(), or before or after the transaction.';
          this.events.tell('warning', () => ({ code: 'SEND_BESIDE_TRANSACTION', message }));
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
      commandTimeoutMs: this.options.commandTimeoutMs,
      sweeper: () => this.sweeper,
      connect: async () => {
        if (!this.isConnected) await this.prepare();
      },
      onFault: (where, error) => this.fault(where, error),
    });
  }

  private makeSweeper(): Sweeper {
    return new Sweeper(this.consumer, this.command, this.keys, this.clock, this.options, {
      onPromoted: (path, count) => this.events.tell('promoted', () => ({ path, count })),
      onTrimmed: (path, count) => this.events.tell('trimmed', () => ({ path, count })),
      onDeadLetterDropped: (drop) => this.events.tell('deadLetterDropped', () => drop),
      onReplayStopped: (path, id) => {
        const message = `Replay ${show(id)} of "${displayPath(path)}" was stopped, or its process died: for a day nothing is trimmed that it has not come to. Resume it with replay(path, { resume }), or give it up with queue(path).cancelReplay(id).`;
        this.events.tell('warning', () => ({ code: 'REPLAY_STOPPED', message }));
      },
      onSetAside: (path, members) => {
        const message = `Scheduled entries of "${displayPath(path)}" cannot be appended and are tried again every minute: ${listed(members)}.`;
        this.events.tell('warning', () => ({ code: 'SCHEDULE_ENTRY', message }));
      },
      onExpirySetAside: (path, entries) => {
        const which = listed(entries.map(([member, why]) => `${member} (${why})`));
        const message = `Messages of "${displayPath(path)}" have expired and cannot be ended; it is tried again every minute: ${which}.`;
        this.events.tell('warning', () => ({ code: 'EXPIRY_ENTRY', message }));
      },
      onFault: (error) => this.fault('sweep', error),
      onTicksDue: (path, now) => this.scheduling.ticker.tick(path, now),
      revive: (path) => this.registry.addRoute(this.command.client, path),
    });
  }
}

/** A few of the names, which may be anybody's, and how many there are besides. */
function listed(names: readonly string[]): string {
  const more = names.length > 3 ? ` and ${names.length - 3} more` : '';
  return (
    names
      .slice(0, 3)
      .map((name) => JSON.stringify(name))
      .join(', ') + more
  );
}
