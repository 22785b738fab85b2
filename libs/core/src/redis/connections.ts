import { ClosedError, type LeanMQError } from '../errors.js';
import { Connection } from './connection.js';
import { readSilenceMs } from './options.js';
import { OutageReminder } from './outage-reminder.js';
import type { ConnectionRole, Target } from './target.js';

export interface ConnectionsOptions {
  readonly target: Target;
  /** Part of the clients' names, as CLIENT LIST shows them. */
  readonly owner: string;
  /** How long a read waits at the server, ms. */
  readonly blockMs: number;
  /** How long the server may owe a reply, ms. */
  readonly silenceMs: number;
}

export interface ConnectionsHooks {
  /** The first of them is gone. */
  onLost: (role: ConnectionRole, error: Error | undefined) => void;
  /** They are still not there; said now and then. */
  onStillLost: (downMs: number) => void;
  /** All of them are there again, or the first one is after it was said that it is not. */
  onRegained: (downMs: number) => void;
  /** The server refuses a connection in a way that time does not cure. */
  onRefused: (role: ConnectionRole, error: LeanMQError) => void;
}

/** All connections of a process, so that it is said once when Redis is gone and once when it is back. */
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

  /** @throws {ClosedError} after `closeAll`: nobody would close it */
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
   * Waits for a first connection, however long it takes, and says now and then that it is not there.
   *
   * @throws {ClosedError} when it is closed first
   */
  async untilReady(connection: Connection): Promise<void> {
    if (!connection.ready && this.lost.size === 0) this.outage.begin();
    await connection.whenReady();
    if (this.lost.size > 0) return;
    const wasTold = this.outage.hasReminded;
    const downMs = this.outage.end();
    if (wasTold) this.hooks.onRegained(downMs);
  }

  /** For each role whether all of its connections are there. */
  get states(): Record<string, boolean> {
    const states: Record<string, boolean> = {};
    for (const { role, ready } of this.all) states[role] = ready && states[role] !== false;
    return states;
  }

  /**
   * Says something on connections that may have nothing to say for long, because the server ends what is silent (setting
   * `timeout`). Readers wait at the server, which counts as speaking.
   *
   * @param timeoutMs after how much silence it does; 0 for never
   */
  keepAlive(timeoutMs: number): void {
    clearInterval(this.keeping);
    if (timeoutMs <= 0 || this.closed) return;
    this.keeping = setInterval(() => {
      for (const { role, ready, client } of this.all) {
        // A refusal is an answer too.
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
