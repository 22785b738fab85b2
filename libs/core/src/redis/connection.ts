import { setMaxListeners } from 'node:events';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

import type { Redis } from 'ioredis';

import {
  BrokerRefusedError,
  BrokerUnavailableError,
  ClosedError,
  toError,
  type LeanMQError,
} from '../errors.js';
import { inOwnContext } from '../own-context.js';
import {
  isHopeless,
  isTransient,
  refusedSelect,
  toBrokerError,
  withoutArguments,
} from './faults.js';
import { createClient, releaseClient, type ClientOptions } from './options.js';
import type { ConnectionRole, Target } from './target.js';

export interface ConnectionListener {
  onLost?: (role: ConnectionRole, cause: Error | undefined) => void;
  onRegained?: (role: ConnectionRole, downMs: number) => void;
  /** The server refuses the connection in a way that time does not cure; told once until it is there. */
  onRefused?: (role: ConnectionRole, error: LeanMQError) => void;
}

/**
 * Does what must come first on a new connection.
 *
 * @param isSameServer whether the connection before it led to this very process
 */
export type ArrivalListener = (client: Redis, isSameServer: boolean) => Promise<void>;

const RETRY_FIRST_MS = 20;
const RETRY_MAX_MS = 500;
// How soon a server that cannot be used, a replica mostly, is looked up again.
const UNFIT_PAUSE_MS = 500;

/**
 * One connection with a role. ioredis reconnects it, but neither queues nor resends commands by itself: `run` is the only
 * retry loop, for commands that are harmless when executed twice.
 */
export class Connection {
  readonly client: Redis;
  readonly role: ConnectionRole;
  private readonly readyListeners = new Set<() => void>();
  private readonly arrivalListeners = new Set<ArrivalListener>();
  private lostAt: number | undefined;
  private wasReady = false;
  private admitted = false;
  /** Run id of the last server; undefined if the server does not report it. */
  private runId: string | undefined;
  private unfitTimer: NodeJS.Timeout | undefined;
  private lastError: Error | undefined;
  /** ioredis goes on in database 0 when the one that was asked for is refused. */
  private selectRefused: LeanMQError | undefined;
  private refusalTold = false;
  private lossCount = 0;
  private readonly closing = new AbortController();

  constructor(
    target: Target,
    options: ClientOptions,
    private readonly listener: ConnectionListener = {},
  ) {
    this.role = options.role;
    // Whoever waits for the connection listens, and in an outage many do.
    setMaxListeners(0, this.closing.signal);
    this.client = inOwnContext(createClient, target, options);
    this.client.on('ready', () => void this.admit());
    this.client.on('close', () => this.onClose());
    this.client.on('error', (error: Error) => this.onError(error));
    // A factory may give a client that is connected already.
    if (this.client.status === 'ready') queueMicrotask(() => void this.admit());
  }

  get ready(): boolean {
    return this.admitted && this.client.status === 'ready';
  }

  get isClosed(): boolean {
    return this.closing.signal.aborted;
  }

  /** Number of losses so far. While it is unchanged, so is the connection to the server. */
  get losses(): number {
    return this.lossCount;
  }

  /** Why it is not connected, as far as ioredis said. */
  get lastFault(): Error | undefined {
    return this.lastError;
  }

  /** Begins to connect, once; `whenReady` tells when it is. */
  open(): void {
    // Its rejection says nothing that the events do not, and the reconnection goes on all the same.
    // The socket outlives whatever is under way now.
    if (this.client.status === 'wait')
      inOwnContext(() => this.client.connect()).catch(() => undefined);
  }

  /**
   * @param timeoutMs rejects when that has passed; refused credentials, a database or a command that the server does not
   *   have reject at once, as time does not cure them
   * @throws {BrokerUnavailableError | BrokerRefusedError}
   */
  async connect(timeoutMs: number): Promise<void> {
    this.open();
    const abort = new AbortController();
    const denied = (error: Error): void => {
      if (isHopeless(error)) abort.abort(this.refusal(error));
    };
    const timer = setTimeout(() => abort.abort(this.unreachable(timeoutMs)), timeoutMs);
    this.client.on('error', denied);
    if (this.selectRefused !== undefined) abort.abort(this.selectRefused);
    try {
      await this.whenReady(abort.signal);
    } finally {
      clearTimeout(timer);
      this.client.off('error', denied);
    }
  }

  /** Calls back after every (re)connection, until the returned function is called. */
  onEveryReady(listener: () => void): () => void {
    this.readyListeners.add(listener);
    return () => this.readyListeners.delete(listener);
  }

  /**
   * Calls back at every (re)connection before the connection counts as ready, until the returned function is called.
   * While a callback runs, nothing else uses the connection.
   */
  onEveryArrival(listener: ArrivalListener): () => void {
    this.arrivalListeners.add(listener);
    if (this.ready && this.runId === undefined) {
      const known = (runId: string | undefined): string | undefined => (this.runId ??= runId);
      runIdOf(this.client).then(known, () => undefined);
    }
    return () => this.arrivalListeners.delete(listener);
  }

  /** @throws the signal's reason, or ClosedError */
  async whenReady(signal?: AbortSignal): Promise<void> {
    if (this.ready) return;
    const either =
      signal === undefined ? this.closing.signal : AbortSignal.any([this.closing.signal, signal]);
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        this.readyListeners.delete(onReady);
        reject(either.reason as Error);
      };
      const onReady = (): void => {
        this.readyListeners.delete(onReady);
        either.removeEventListener('abort', onAbort);
        resolve();
      };
      if (either.aborted) return onAbort();
      this.readyListeners.add(onReady);
      either.addEventListener('abort', onAbort);
    });
  }

  /**
   * Runs commands until they succeed, through any loss of the connection. The commands must be safe to execute
   * twice.
   *
   * @throws the signal's reason, ClosedError, or BrokerRefusedError when a retry cannot help
   */
  async run<T>(command: (client: Redis) => Promise<T>, signal?: AbortSignal): Promise<T> {
    for (let pauseMs = RETRY_FIRST_MS; ; pauseMs = Math.min(pauseMs * 2, RETRY_MAX_MS)) {
      await this.whenReady(signal);
      signal?.throwIfAborted();
      try {
        return await command(this.client);
      } catch (error) {
        if (this.isClosed) throw new ClosedError('The connection to Redis');
        if (!isTransient(error)) throw toBrokerError(error);
      }
      // The status may still say ready when a command has just failed: without a pause this would spin.
      await delay(pauseMs, undefined, signal === undefined ? undefined : { signal }).catch(
        () => undefined,
      );
    }
  }

  /**
   * Runs commands like `run`, within a time limit; without one if `timeoutMs` is undefined.
   *
   * @throws {BrokerUnavailableError} naming the last failure
   */
  async runWithin<T>(
    timeoutMs: number | undefined,
    command: (client: Redis) => Promise<T>,
  ): Promise<T> {
    if (timeoutMs === undefined) return this.run(command);
    const abort = new AbortController();
    let cause: unknown;
    const timer = setTimeout(() => {
      const why = toError(cause ?? this.lastError ?? 'no answer').message;
      const message = `Redis did not do it within ${timeoutMs} ms (${why}).`;
      abort.abort(new BrokerUnavailableError(message, 'unknown', { cause }));
    }, timeoutMs);
    const noting = (client: Redis): Promise<T> =>
      command(client).catch((error: unknown) => {
        cause = withoutArguments(error);
        throw error;
      });
    try {
      return await this.run(noting, abort.signal);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Closes the connection for good. Commands without a reply reject. */
  close(): void {
    if (this.isClosed) return;
    this.closing.abort(new ClosedError('The connection to Redis'));
    this.readyListeners.clear();
    this.arrivalListeners.clear();
    clearTimeout(this.unfitTimer);
    this.client.disconnect();
    releaseClient(this.client);
  }

  /** Checks for a replica, which accepts no writes: the connection is not ready until it leads to a master. */
  private async admit(): Promise<void> {
    const { lossCount } = this;
    const unfit = this.selectRefused ?? (await this.replicaFault());
    if (unfit === undefined && !(await this.arrive())) return;
    // Lost in the meantime: the next connection has its own admission.
    if (lossCount !== this.lossCount) return;
    if (this.client.status !== 'ready' || this.isClosed || this.admitted) return;
    if (unfit === undefined) {
      this.admitted = true;
      this.onReady();
      return;
    }
    this.lastError = unfit;
    // Reconnect: the same name may lead to another server next time.
    this.unfitTimer = setTimeout(() => this.client.disconnect(true), UNFIT_PAUSE_MS);
  }

  private async replicaFault(): Promise<Error | undefined> {
    if (!(await this.isReplica())) return undefined;
    return new BrokerUnavailableError('the server is a replica and accepts no writes', 'not-sent');
  }

  /** Resolves to true once all callbacks that must run first have succeeded. */
  private async arrive(): Promise<boolean> {
    if (this.arrivalListeners.size === 0) return true;
    try {
      const runId = await runIdOf(this.client);
      const isSameServer = runId !== undefined && runId === this.runId;
      for (const listener of [...this.arrivalListeners]) await listener(this.client, isSameServer);
      this.runId = runId;
      return true;
    } catch {
      // The connection broke; if it did not, a new one may do better.
      if (this.client.status === 'ready') this.client.disconnect(true);
      return false;
    }
  }

  private async isReplica(): Promise<boolean> {
    // Users may read from a replica with `mq.redis`.
    if (this.role === 'user') return false;
    try {
      return /^role:slave/m.test(await this.client.info('replication'));
    } catch {
      // The connection broke and is checked again on reconnection; or INFO is denied, and writes reveal a replica.
      return false;
    }
  }

  private onReady(): void {
    const { lostAt } = this;
    this.lostAt = undefined;
    this.lastError = undefined;
    this.refusalTold = false;
    if (this.wasReady && lostAt !== undefined) {
      this.listener.onRegained?.(this.role, performance.now() - lostAt);
    }
    this.wasReady = true;
    for (const listener of [...this.readyListeners]) listener();
  }

  private onError(error: Error): void {
    this.lastError = withoutArguments(error);
    if (!isHopeless(error)) return;
    const refusal = this.refusal(error);
    if (refusedSelect(error)) {
      this.selectRefused = refusal;
      // Commands waiting in the user's own client would be written to another database.
      if (this.role === 'user') this.client.disconnect();
    }
    if (this.refusalTold) return;
    this.refusalTold = true;
    this.listener.onRefused?.(this.role, refusal);
  }

  private refusal(error: Error): LeanMQError {
    const refusal = toBrokerError(error);
    if (!refusedSelect(error)) return refusal;
    return new BrokerRefusedError(
      `Redis refused database ${this.client.options.db} (option "redis"): ${error.message}. Give one that exists and that the user may SELECT.`,
      { code: refusal.code, cause: error },
    );
  }

  private onClose(): void {
    this.lossCount += 1;
    this.admitted = false;
    this.selectRefused = undefined;
    clearTimeout(this.unfitTimer);
    if (!this.wasReady || this.isClosed || this.lostAt !== undefined) return;
    this.lostAt = performance.now();
    this.listener.onLost?.(this.role, this.lastError);
  }

  /** Explains a missing reply, for which there is no error. */
  private silence(): string {
    const { tls } = this.client.options;
    // False is one of the values that options may have.
    return !tls
      ? ''
      : ' (no reply to the TLS handshake: for a server without TLS use "redis://", or omit option "tls")';
  }

  private unreachable(timeoutMs: number): BrokerUnavailableError {
    const where = placeOf(this.client.options);
    const why =
      this.lastError === undefined ? this.silence() : ` (${unlike(this.lastError.message)})`;
    return new BrokerUnavailableError(
      `Redis at ${where} was not reachable within ${timeoutMs} ms${why}. Check option "redis", or set "connect" to "wait".`,
      'not-sent',
      { cause: this.lastError },
    );
  }
}

/** Describes the address of a client for an error message. */
function placeOf({ sentinels, name, host, port, path }: Redis['options']): string {
  if (!Array.isArray(sentinels)) {
    return path ?? `${host ?? 'localhost'}:${port ?? 6379}`;
  }
  const all = sentinels.map((each) => `${each.host}:${each.port ?? 26_379}`);
  return `master "${name}" of the sentinels ${all.join(', ')}`;
}

/** Replaces ioredis's message about a reply that is not Redis's protocol, which asks the reader to file a bug. */
function unlike(message: string): string {
  if (!message.startsWith('Unknown RESP type')) return message;
  return 'the server is not Redis, or expects TLS: use "rediss://" or option "tls"';
}

/** Returns the run id of the server process; undefined when INFO is not permitted. */
export async function runIdOf(client: Redis): Promise<string | undefined> {
  try {
    return /^run_id:(.*)$/m.exec(await client.info('server'))?.[1]?.trim();
  } catch (error) {
    if (isTransient(error)) throw error;
    return undefined;
  }
}
