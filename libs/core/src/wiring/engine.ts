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

/** Interval at which a process reports its groups, in ms; shorter with shorter leases. */
const TOUCH_MS = 30_000;
/** Time without a refusal after which the next one is reported again, in ms. */
const REFUSAL_OVER_MS = 60_000;

/** Calls from the engine to the service. */
export interface EngineHooks {
  /** Takes the registry, at first and after each change. */
  onRegistry: (news: RegistryNews) => void;
  /** Runs once the engine is connected. */
  onConnected: () => void;
  /** Reports that the groups of this process exist. */
  touch: () => Promise<void>;
  /** Returns true when this service keeps expired messages of the path as dead letters. */
  keepsExpired: (path: string) => boolean;
}

/** Parts of every process, consuming or not: connections, registry, publisher, sweeper, schedules. */
export class Engine {
  readonly events = new Events();
  /** Unique name of this process within its group. */
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
  /** Time of the latest temporary refusal by the server, monotonic ms. */
  private refusedAt = -Infinity;

  /** @throws {ConfigError} for an option that is not valid */
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
      // Nobody else can close connections that a factory may have opened.
      this.connections.closeAll();
      throw error;
    }
    this.registry = new Registry(this.command, this.keys);
    this.watch = new RegistryWatch(this.registry, {
      isReady: () => this.command.ready,
      onChange: (news) => this.onRegistry(news),
      onUnreadable: (field, value) => {
        const message = `The registry has the field ${show(field)} with the value ${show(value)}, which this version does not understand and ignores; it comes from a newer version, another tool or a mistake. Further fields of this kind are ignored without a warning.`;
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

  /** Resolves when operations may start: once connected, or at once with `connect: 'wait'`. */
  async prepare(): Promise<void> {
    if (this.isClosing) throw new ClosedError();
    const opening = this.connect();
    if (this.options.connect === 'fail') return opening;
    // Sends wait in the publisher until the registry has been read, each up to its own deadline.
    opening.catch((error: unknown) => this.fault('connect', error));
  }

  /** @throws {BrokerRefusedError} if the Redis user lacks a permission for the purpose */
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

  /** @throws {ConfigError} if this process may not have handlers */
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

  /** Shuts down the parts of every process. Pending sends may finish. */
  async shutDown(): Promise<void> {
    await this.publisher.idle(this.options.drainTimeoutMs);
    this.publisher.close();
    this.sweeper.stop();
    this.watch.stop();
    this.connections.closeAll();
  }

  /** Reports a fault of a background task. */
  fault(where: string, thrown: unknown): void {
    if (this.isClosing) return;
    const reply = replyOf(thrown);
    const refusal = reply ?? replyOf(toError(thrown).cause);
    const isNews = refusal === undefined || this.refusals.note(where, refusal);
    if (isTransient(thrown)) {
      // The connection reports its own faults, once.
      if (reply !== undefined) this.refused(reply);
      return;
    }
    // A repeated fault is reported once; `health().refused` shows that it continues.
    if (!isNews) return;
    const error = toError(withoutArguments(thrown));
    this.events.tell('fault', () => ({ where, error }));
  }

  /** Warns that the server is up but refuses (MISCONF, READONLY): everything waits, and an operator must see why. */
  private refused(reply: string): void {
    const now = performance.now();
    const isNews = now - this.refusedAt > REFUSAL_OVER_MS;
    this.refusedAt = now;
    if (!isNews) return;
    const message = `Redis refuses commands for now, and is asked again until it accepts them: ${reply}`;
    this.events.tell('warning', () => ({ code: 'BROKER_REFUSES', message }));
  }

  /** Passes the news to each listener separately, so that a failing one does not affect the others. */
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
    // The time limit also covers a server that is up but refuses everything for now (CLUSTERDOWN, LOADING).
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
          // A caller that waits for the first connection gets this fault as a rejection.
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
          const message = `No group has subscribed to "${displayPath(path)}" yet: messages sent to it wait for the first group, and reach nobody if the path is misspelt.`;
          this.events.tell('warning', () => ({ code: 'NO_GROUP', message }));
        },
        onStray: () => {
          const message =
            'A message was published during the callback of a transaction but is not part of it: it is sent even if the transaction fails. Send it with tx.send(), or before or after the transaction.';
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
        const message = `Replay ${show(id)} of "${displayPath(path)}" was stopped, or its process died; messages that it has not reached are kept for a day. Resume it with replay(path, { resume }), or cancel it with queue(path).cancelReplay(id).`;
        this.events.tell('warning', () => ({ code: 'REPLAY_STOPPED', message }));
      },
      onSetAside: (path, members) => {
        const message = `Scheduled entries of "${displayPath(path)}" cannot be appended and are tried again every minute: ${listed(members)}.`;
        this.events.tell('warning', () => ({ code: 'SCHEDULE_ENTRY', message }));
      },
      onExpirySetAside: (path, entries) => {
        const which = listed(entries.map(([member, why]) => `${member} (${why})`));
        const message = `Messages of "${displayPath(path)}" have expired but cannot be ended; this is tried again every minute: ${which}.`;
        this.events.tell('warning', () => ({ code: 'EXPIRY_ENTRY', message }));
      },
      onFault: (error) => this.fault('sweep', error),
      onTicksDue: (path, now) => this.scheduling.ticker.tick(path, now),
      revive: (path) => this.registry.addRoute(this.command.client, path),
    });
  }
}

/** Lists a few names, which may contain anything, and the number of others. */
function listed(names: readonly string[]): string {
  const more = names.length > 3 ? ` and ${names.length - 3} more` : '';
  return (
    names
      .slice(0, 3)
      .map((name) => JSON.stringify(name))
      .join(', ') + more
  );
}
