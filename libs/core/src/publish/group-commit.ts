import { performance } from 'node:perf_hooks';

import { NotReplicatedError, type LeanMQError } from '../errors.js';
import { isTransient, replyOf, type Connection } from '../redis/index.js';
import type { Batch, Unit, UnitOutcome } from './batch.js';
import type { Replication } from './durability.js';

type Results = readonly (UnitOutcome | LeanMQError)[] | undefined;
type GiveUp = (unit: Unit, error: LeanMQError) => void;

/** A batch that the master has. */
interface Stored {
  readonly batch: Batch;
  /** Those of its units that were not refused. */
  readonly units: readonly Unit[];
  /** How often the connection had been lost by then: WAIT tells of writes on its own connection only. */
  readonly losses: number;
  /** On the monotonic clock, ms. */
  readonly storedAt: number;
  readonly giveUp: GiveUp;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** What a server says that has become a replica meanwhile. */
const DEMOTED = /^(UNBLOCKED\b|ERR WAIT cannot be used with replica)/;

/**
 * Waits for replicas, once for all batches of a moment:
 *
 * 1. batches of any lanes are appended over the connection
 * 2. when all of them are answered, one WAIT asks for the replicas
 * 3. what is sent meanwhile stays in its lane, and makes up the next round
 *
 * Nothing is appended while a WAIT is under way. It waits for the connection's last write: with new ones in between, a
 * replica that is always a little behind would never be in time. If the connection is lost, the lanes send their batches
 * again under their numbers, which writes on the new connection, and join a later round.
 */
export class GroupCommit {
  private appending = 0;
  private stored: Stored[] = [];
  private isWaiting = false;
  private readonly nextRound = new Set<() => void>();
  private behind = false;

  /** @param sliceMs how long one WAIT may last, ms: shorter than the silence after which the connection counts as dead */
  constructor(
    private readonly replicas: number,
    private readonly connection: Connection,
    private readonly sliceMs: number,
  ) {}

  /** Whether the round is closed, so that a batch goes with the next one. */
  get isClosed(): boolean {
    return this.isWaiting || this.stored.length > 0;
  }

  /** Whether the last WAIT ended without enough replicas. */
  get isBehind(): boolean {
    return this.behind;
  }

  /** Calls back once, when the next round begins; the returned function takes that back. */
  onNextRound(listener: () => void): () => void {
    this.nextRound.add(listener);
    return () => this.nextRound.delete(listener);
  }

  /**
   * Resolves with what became of the batch when none of its units waits for replicas any more: they were confirmed, or
   * given up because it took too long.
   *
   * @param appended the answer to the batch, which was sent over the connection in this turn
   * @throws what a lost connection throws: the batch must be sent again
   */
  async replicated(batch: Batch, appended: Promise<Results>, giveUp: GiveUp): Promise<Results> {
    const { losses } = this.connection;
    let confirmed: Promise<void> | undefined;
    let results: Results;
    this.appending += 1;
    try {
      results = await appended;
      // A refusal is told when the round is over: after a failover the batch may be applied in another way.
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
        throw new Error('The connection was lost before replicas were asked for.');
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
        // Only a new connection finds the new master; what was stored here is sent there.
        this.connection.client.disconnect(true);
        throw new Error('The server is a replica by now.', { cause: error });
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

/** Until the first of them is to be told, ms; undefined when nobody waits any more. */
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
