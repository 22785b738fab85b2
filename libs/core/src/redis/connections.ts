import { ClosedError, type LeanMQError } from '../errors.js';
import { Connection } from './connection.js';
import { readSilenceMs } from './options.js';
import { OutageReminder } from './outage-reminder.js';
import type { ConnectionRole, Target } from './target.js';

export interface ConnectionsOptions {
  readonly target: Target;
  /** Part of the clients' names, as CLIENT LIST shows them. */
  readonly owner: string;
  /** Time that a read waits at the server, in ms. */
  readonly blockMs: number;
  /** Time without a reply after which a connection counts as dead, in ms. */
  readonly silenceMs: number;
}

export interface ConnectionsHooks {
  /** Called when the first connection is lost. */
  onLost: (role: ConnectionRole, error: Error | undefined) => void;
  /** Called repeatedly while connections are missing. */
  onStillLost: (downMs: number) => void;
  /** Called when all connections are back, or when the first connection succeeds after `onStillLost`. */
  onRegained: (downMs: number) => void;
  /** Called when the server refuses a connection and trying again does not help. */
  onRefused: (role: ConnectionRole, error: LeanMQError) => void;
}

/** All connections of a process. Together they report the loss of Redis once, and its return once. */
export class Connections {
  private readonly all = new Set<Connection>();
  private readonly lost = new Set<Connection>();
  private readonly outage: OutageReminder;
  private closed = false;
  private keeping: NodeJS.Timeout | undefined;

  constructor(
    private readonly options: ConnectionsOptions,
    private readonly hooks: ConnectionsHooks,
  ) {
    this.outage = new OutageReminder(hooks.onStillLost);
  }

  /** @throws {ClosedError} after `closeAll`: nothing would close the connection */
  make(role: ConnectionRole): Connection {
    if (this.closed) throw new ClosedError();
    const { target, owner, blockMs, silenceMs } = this.options;
    const connection: Connection = new Connection(
      target,
      {
        role,
        name: `leanmq:${owner}:${role}`,
        // A shorter limit would cut healthy reads.
        silenceMs: role === 'read' ? readSilenceMs(blockMs, silenceMs) : silenceMs,
      },
      {
        onLost: (_, error) => this.onLost(connection, error),
        onRegained: () => this.onRegained(connection),
        onRefused: this.hooks.onRefused,
      },
    );
    this.all.add(connection);
    return connection;
  }

  /**
   * Waits for a first connection without a time limit, and reports repeatedly that it is missing.
   *
   * @throws {ClosedError} when the connections are closed first
   */
  async untilReady(connection: Connection): Promise<void> {
    if (!connection.ready && this.lost.size === 0) this.outage.begin();
    await connection.whenReady();
    if (this.lost.size > 0) return;
    const wasTold = this.outage.hasReminded;
    const downMs = this.outage.end();
    if (wasTold) this.hooks.onRegained(downMs);
  }

  /** Returns, for each role, whether all of its connections are up. */
  get states(): Record<string, boolean> {
    const states: Record<string, boolean> = {};
    for (const { role, ready } of this.all) states[role] = ready && states[role] !== false;
    return states;
  }

  /**
   * Sends a command now and then on connections that may be idle, because the server closes idle clients (setting
   * `timeout`). Readers need none: a read that waits at the server counts as activity.
   *
   * @param timeoutMs idle time after which the server closes a client, in ms; 0 for never
   */
  keepAlive(timeoutMs: number): void {
    clearInterval(this.keeping);
    if (timeoutMs <= 0 || this.closed) return;
    this.keeping = setInterval(() => {
      for (const { role, ready, client } of this.all) {
        // A refusal is a reply too.
        if (ready && role !== 'read' && role !== 'user') client.ping().catch(() => undefined);
      }
    }, timeoutMs / 3).unref();
  }

  close(connection: Connection): void {
    this.all.delete(connection);
    if (this.lost.delete(connection) && this.lost.size === 0) this.outage.end();
    connection.close();
  }

  closeAll(): void {
    this.closed = true;
    this.outage.end();
    clearInterval(this.keeping);
    for (const connection of this.all) connection.close();
  }

  private onLost(connection: Connection, error: Error | undefined): void {
    if (this.lost.size === 0) {
      this.outage.begin();
      this.hooks.onLost(connection.role, error);
    }
    this.lost.add(connection);
  }

  private onRegained(connection: Connection): void {
    if (!this.lost.delete(connection) || this.lost.size > 0) return;
    this.hooks.onRegained(this.outage.end());
  }
}
