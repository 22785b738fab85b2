import { performance } from 'node:perf_hooks';

import { NotReplicatedError, type LeanMQError } from '../errors.js';
import { isTransient, replyOf, type Connection } from '../redis/index.js';
import type { Batch, Unit, UnitOutcome } from './batch.js';
import type { Replication } from './durability.js';

type Results = readonly (UnitOutcome | LeanMQError)[] | undefined;
type GiveUp = (unit: Unit, error: LeanMQError) => void;

/** A batch that the master has stored. */
interface Stored {
  readonly batch: Batch;
  /** The units that Redis did not refuse. */
  readonly units: readonly Unit[];
  /** Number of connection losses when the batch was sent: WAIT covers writes of its own connection only. */
  readonly losses: number;
  /** On the monotonic clock, ms. */
  readonly storedAt: number;
  readonly giveUp: GiveUp;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Matches the reply of a server that has become a replica. */
const DEMOTED = /^(UNBLOCKED\b|ERR WAIT cannot be used with replica)/;

/**
 * Waits for replicas in rounds, once per round for the batches of all lanes:
 *
 * 1. lanes append their batches over one connection
 * 2. once all of them have a reply, one WAIT asks for the replicas
 * 3. later sends stay in their lanes and form the next round
 *
 * Nothing is appended while a WAIT runs. WAIT covers the connection's last write: with new writes in between, a replica
 * that is always slightly behind would never confirm in time. If the connection is lost, the lanes send their batches
 * again under the same sequence numbers, now on the new connection, and join a later round.
 */
export class GroupCommit {
  private appending = 0;
  private stored: Stored[] = [];
  private isWaiting = false;
  private readonly nextRound = new Set<() => void>();
  private behind = false;

  /** @param sliceMs time limit of one WAIT, in ms; shorter than the silence after which the connection counts as dead */
  constructor(
    private readonly replicas: number,
    private readonly connection: Connection,
    private readonly sliceMs: number,
  ) {}

  /** True when the current round takes no more batches. */
  get isClosed(): boolean {
    return this.isWaiting || this.stored.length > 0;
  }

  /** True when too few replicas confirmed the last WAIT. */
  get isBehind(): boolean {
    return this.behind;
  }

  /** Calls back once, when the next round begins; the returned function removes the callback. */
  onNextRound(listener: () => void): () => void {
    this.nextRound.add(listener);
    return () => this.nextRound.delete(listener);
  }

  /**
   * Resolves with the results of the batch once none of its units waits for replicas: each was confirmed, or given up
   * after its time limit.
   *
   * @param appended the results of the batch, which was sent over the connection in this turn of the event loop
   * @throws the error of a lost connection; the batch must be sent again
   */
  async replicated(batch: Batch, appended: Promise<Results>, giveUp: GiveUp): Promise<Results> {
    const { losses } = this.connection;
    let confirmed: Promise<void> | undefined;
    let results: Results;
    this.appending += 1;
    try {
      results = await appended;
      // Report a refusal only after the round: after a failover, Redis may apply the batch differently.
      const units = batch.units.filter((_, at) => Array.isArray(results?.[at]));
      if (units.length > 0) confirmed = this.join(batch, units, losses, giveUp);
    } finally {
      this.appending -= 1;
      if (this.appending === 0 && !this.isWaiting && this.stored.length > 0) void this.round();
    }
    await confirmed;
    return results;
  }

  private join(batch: Batch, units: Unit[], losses: number, giveUp: GiveUp): Promise<void> {
    batch.uncertain = true;
    batch.confirmed = 0;
    return new Promise((resolve, reject) => {
      const storedAt = performance.now();
      this.stored.push({ batch, units, losses, storedAt, giveUp, resolve, reject });
    });
  }

  private async round(): Promise<void> {
    const round = this.stored;
    this.stored = [];
    this.isWaiting = true;
    try {
      await this.confirm(round);
      for (const { resolve } of round) resolve();
    } catch (error) {
      for (const { reject } of round) reject(error);
    }
    this.isWaiting = false;
    const listeners = [...this.nextRound];
    this.nextRound.clear();
    for (const listener of listeners) listener();
  }

  private async confirm(round: readonly Stored[]): Promise<void> {
    for (;;) {
      const waitMs = longestWait(round, this.sliceMs);
      if (waitMs === undefined) return;
      if (round.some(({ losses }) => losses !== this.connection.losses)) {
        throw new Error('The connection was lost before WAIT was sent.');
      }
      const confirmed = await this.wait(round, waitMs);
      this.behind = confirmed < this.replicas;
      if (!this.behind) return;
      for (const { batch, units, storedAt, giveUp } of round) {
        batch.confirmed = confirmed;
        const now = performance.now();
        for (const unit of units) {
          if (limitOf(unit, storedAt) <= now) giveUp(unit, notReplicated(unit, confirmed));
        }
      }
    }
  }

  private async wait(round: readonly Stored[], waitMs: number): Promise<number> {
    try {
      return await this.connection.client.wait(this.replicas, waitMs);
    } catch (error) {
      if (DEMOTED.test(replyOf(error) ?? '')) {
        // Only a new connection finds the new master; the lanes send their batches again there.
        this.connection.client.disconnect(true);
        throw new Error('The server has become a replica.', { cause: error });
      }
      if (isTransient(error)) throw error;
      for (const { units, giveUp } of round) {
        for (const unit of units) giveUp(unit, notReplicated(unit, 0, error));
      }
      return 0;
    }
  }
}

export function notReplicated(unit: Unit, confirmed: number, cause?: unknown): LeanMQError {
  return new NotReplicatedError(unit.replication as Replication, confirmed, { cause });
}

function limitOf({ replication }: Unit, storedAt: number): number {
  return storedAt + (replication as Replication).timeoutMs;
}

/** Returns the time until the first unit must be settled, in ms; undefined when no unit waits. */
function longestWait(round: readonly Stored[], sliceMs: number): number | undefined {
  let limit = Infinity;
  for (const { units, storedAt } of round) {
    for (const unit of units) {
      if (!unit.settled) limit = Math.min(limit, limitOf(unit, storedAt));
    }
  }
  if (limit === Infinity) return undefined;
  return Math.min(sliceMs, Math.max(1, Math.ceil(limit - performance.now())));
}
