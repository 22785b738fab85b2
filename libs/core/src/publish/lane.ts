import { performance } from 'node:perf_hooks';

import type { LeanMQError } from '../errors.js';
import { inOwnContext } from '../own-context.js';
import {
  isConnectionFault,
  isTransient,
  toBrokerError,
  type Connection,
  type Keys,
} from '../redis/index.js';
import { Batch, type Unit, type UnitOutcome } from './batch.js';
import { cut } from './cut.js';
import { DeadlineClock } from './deadline-clock.js';
import type { GroupCommit } from './group-commit.js';
import type { MarkerTime } from './marker-time.js';
import type { MaxLengths } from './max-lengths.js';
import type { BatchReply } from './scripts.js';
import { register, type KnownRoutes } from './register.js';
import { aborted, overdue, unavailable } from './unanswered.js';

const RETRY_PAUSE_MS = 50;

type Results = readonly (UnitOutcome | LeanMQError)[] | undefined;

/** Everything that all lanes of a publisher share. */
export interface LaneContext extends KnownRoutes {
  readonly keys: Keys;
  readonly maxLengths: MaxLengths;
  readonly markers: MarkerTime;
  readonly onSettled: (unit: Unit, outcome: UnitOutcome | undefined) => void;
}

/**
 * Sends of one publisher whose first path is the same, in order. At most one batch is on its way; later sends form the
 * next batch. A batch whose reply was lost is sent again under its sequence number until Redis reports its result or the
 * callers' deadlines have passed.
 */
export class Lane {
  private waiting: Unit[] = [];
  private batch: Batch | undefined;
  private marker: string | undefined;
  private scheduled = false;
  private readonly deadlines = new DeadlineClock(() => this.rejectOverdue());
  private pauseTimer: NodeJS.Timeout | undefined;
  private stopWaiting: (() => void) | undefined;
  private refused = false;
  /** On the monotonic clock, ms. */
  private attemptedAt = 0;
  /** Round-trip time of the last batch, in ms. */
  private answeredAfterMs = 0;

  constructor(
    private readonly path: string,
    private readonly publisherId: string,
    private readonly connection: Connection,
    private readonly context: LaneContext,
    /** Waits for replicas; undefined when the master is enough. */
    private readonly commit: GroupCommit | undefined,
    /** Sequence number of the last batch; an earlier lane of the same path used lower numbers only. */
    private sequence: number,
  ) {}

  /** Sequence number of the last batch. */
  get lastSequence(): number {
    return this.sequence;
  }

  /** True when the lane is empty and may be forgotten. */
  get isFree(): boolean {
    return this.batch === undefined && this.waiting.length === 0 && !this.scheduled;
  }

  /** True while a failed attempt (MISCONF, NOREPLICAS) is repeated; new sends can only wait. */
  get isRefused(): boolean {
    return this.refused;
  }

  /** Clears all timers; called when the lane is free and no longer used. */
  rest(): void {
    this.clearTimers();
  }

  add(unit: Unit): void {
    this.waiting.push(unit);
    if (this.isIdle || unit.deadline < this.deadlines.ringsAt) this.deadlines.run(unit.deadline);
    if (this.scheduled || this.batch !== undefined) return;
    this.scheduled = true;
    // All sends of this turn go together, including those that the last replies led to.
    process.nextTick(this.begin);
  }

  private readonly begin = (): void => {
    this.scheduled = false;
    // Under load, this work continues long after the request that started it.
    inOwnContext(this.next);
  };

  /** True when the lane holds a single unit, which was just added. */
  private get isIdle(): boolean {
    return this.batch === undefined && this.waiting.length === 1;
  }

  /** Rejects all units; the outcome of those on their way is unknown. */
  abandon(error: LeanMQError): void {
    this.clearTimers();
    const { batch, waiting } = this;
    this.batch = undefined;
    this.waiting = [];
    for (const unit of batch?.units ?? []) this.settle(unit, unavailable('unknown', error));
    for (const unit of waiting) this.settle(unit, error);
  }

  private readonly next = (): void => {
    if (this.batch !== undefined) return;
    if (this.waiting.length === 0) return this.deadlines.release();
    // Form the batch only now: a unit that misses its deadline before that was certainly not sent.
    if (!this.mayBegin) return this.whenReady(this.next);
    this.sequence += 1;
    this.batch = new Batch(this.sequence, this.takeUnits(), this.context.maxLengths.byPath);
    this.attempt(this.batch);
  };

  private takeUnits(): Unit[] {
    const { answeredAfterMs, commit, waiting } = this;
    if (waiting.length === 1) {
      this.waiting = [];
      return waiting;
    }
    const count = cut(waiting, { answeredAfterMs, awaitsReplicas: commit !== undefined });
    this.waiting = waiting.slice(count);
    return count === waiting.length ? waiting : waiting.slice(0, count);
  }

  private attempt(batch: Batch): void {
    const { client } = this.connection;
    const { keys, markers } = this.context;
    register(batch, client, this.context);
    batch.isOnItsWay = true;
    this.attemptedAt = performance.now();
    this.marker ??= keys.route(this.path).publisher(this.publisherId);
    const sent = batch.send(client, keys, this.path, this.marker, markers.ttlMs);
    const onFault = (error: unknown): void => this.onFault(batch, error);
    if (this.commit === undefined) {
      sent.then((reply) => this.onReply(batch, reply), onFault);
      return;
    }
    const answer = sent.then((reply) => batch.read(reply));
    this.commit
      .replicated(batch, answer, (unit, error) => this.settle(unit, error))
      .then((results) => this.onAnswer(batch, results), onFault);
  }

  private onReply(batch: Batch, reply: BatchReply): void {
    let results: Results;
    try {
      results = batch.read(reply);
    } catch (error) {
      return this.onFault(batch, error);
    }
    this.onAnswer(batch, results);
  }

  private onAnswer(batch: Batch, results: Results): void {
    // The batch was given up meanwhile: its callers already know that the outcome is unknown.
    if (this.batch !== batch) return;
    this.batch = undefined;
    this.refused = false;
    this.answeredAfterMs = performance.now() - this.attemptedAt;
    const { units } = batch;
    for (let index = 0; index < units.length; index += 1) {
      this.settle(units[index] as Unit, results?.[index] ?? unavailable('unknown'));
    }
    this.next();
  }

  private onFault(batch: Batch, error: unknown): void {
    if (isConnectionFault(error)) batch.uncertain = true;
    batch.isOnItsWay = false;
    batch.lastFault = error;
    if (this.batch !== batch) return;
    this.refused = isTransient(error) && !this.connection.isClosed;
    if (this.refused) {
      // The pause also gives ioredis time to notice the loss: its status may still say that it is ready.
      this.pauseTimer = setTimeout(() => {
        if (this.batch !== batch) return;
        this.whenReady(() => {
          if (this.batch === batch) this.attempt(batch);
        });
      }, RETRY_PAUSE_MS);
      return;
    }
    this.batch = undefined;
    const refusal = batch.uncertain ? unavailable('unknown', error) : toBrokerError(error);
    for (const unit of batch.units) this.settle(unit, refusal);
    this.next();
  }

  /** False while sends must gather: until the limits of all routes are known, and while a WAIT runs. */
  private get mayBegin(): boolean {
    const { connection, context, commit } = this;
    return connection.ready && context.maxLengths.isKnown && commit?.isClosed !== true;
  }

  private whenReady(act: () => void): void {
    this.stopWaiting?.();
    if (this.mayBegin) return act();
    const begin = (): void => {
      this.stopWaiting?.();
      this.stopWaiting = undefined;
      this.whenReady(act);
    };
    const { connection, context, commit } = this;
    if (!connection.ready) this.stopWaiting = connection.onEveryReady(begin);
    else if (!context.maxLengths.isKnown) this.stopWaiting = context.maxLengths.onceKnown(begin);
    else this.stopWaiting = commit?.onNextRound(begin);
  }

  /** Gives up a unit whose caller no longer waits. */
  withdraw(unit: Unit, reason: unknown): void {
    this.giveUp(
      (each) => each === unit,
      (_, batch) => aborted(batch?.mayBeStored === true ? 'unknown' : 'not-sent', reason),
    );
  }

  private rejectOverdue(): void {
    const now = performance.now();
    this.giveUp(
      ({ deadline }) => deadline <= now,
      (unit, batch) => {
        if (batch !== undefined) return overdue(unit, batch);
        const why = this.connection.lastFault ?? this.context.maxLengths.fault;
        return unavailable('not-sent', why);
      },
    );
  }

  private giveUp(
    isOver: (unit: Unit) => boolean,
    errorOf: (unit: Unit, batch: Batch | undefined) => LeanMQError,
  ): void {
    const { batch } = this;
    if (batch !== undefined) {
      for (const unit of batch.units) if (isOver(unit)) this.settle(unit, errorOf(unit, batch));
      this.dissolve(batch);
    }
    const unsent = this.waiting.filter(isOver);
    if (unsent.length > 0) this.waiting = this.waiting.filter((unit) => !isOver(unit));
    for (const unit of unsent) this.settle(unit, errorOf(unit, undefined));
    let first = Infinity;
    for (const { settled, deadline } of this.batch?.units ?? []) {
      if (!settled && deadline < first) first = deadline;
    }
    for (const { deadline } of this.waiting) if (deadline < first) first = deadline;
    if (first === Infinity) return this.clearTimers();
    this.deadlines.run(first);
    if (this.batch === undefined) this.next();
  }

  /**
   * Drops a batch that no caller waits for. A batch that was refused each time goes back to the waiting units, without
   * those that were given up.
   */
  private dissolve(batch: Batch): void {
    const left = batch.units.filter(({ settled }) => !settled);
    if (left.length === batch.units.length) return;
    if (left.length > 0 && batch.mayBeStored) return;
    this.batch = undefined;
    this.waiting = [...left, ...this.waiting];
  }

  private settle(unit: Unit, outcome: UnitOutcome | LeanMQError): void {
    if (unit.settled) return;
    unit.settled = true;
    const isRefused = !Array.isArray(outcome) && outcome !== 'overtaken';
    this.context.onSettled(unit, isRefused ? undefined : outcome);
    if (isRefused) unit.reject(outcome);
    else unit.resolve(outcome);
  }

  private clearTimers(): void {
    this.deadlines.stop();
    clearTimeout(this.pauseTimer);
    this.refused = false;
    this.stopWaiting?.();
    this.stopWaiting = undefined;
  }
}
