import { performance } from 'node:perf_hooks';

import type { LeanMQError } from '../../errors.js';
import { InFlight, type Claim, type Source } from '../../message/index.js';
import type { RouteKeys } from '../../redis/index.js';
import { sizeOf, type ByteBudget } from './byte-budget.js';
import { Held } from './held.js';
import { lookahead } from './lookahead.js';
import { suspectFrom, type SubscriptionOptions } from './options.js';

/** Weight of the latest duration in the mean. */
const WEIGHT = 0.05;
/** Factor by which the size of the largest entry decays with each read. */
const SIZE_DECAY = 0.75;

/** A route as this process consumes it: the deliveries it holds and runs, and how many more it wants. */
export class Subscription {
  /** Deliveries that were read and have not started. */
  private buffer: InFlight<Subscription>[] = [];
  private head = 0;
  private running = 0;
  /** Number of disowned deliveries whose handlers have not ended. */
  private disowned = 0;
  private meanRunMs: number | undefined;
  private readonly held = { log: new Held<Subscription>(), inbox: new Held<Subscription>() };
  private budget: ByteBudget | undefined;
  private largestBytes = 0;
  /** Set while the last read came back full, so more messages wait. */
  isHot = false;
  /** Set while the route is paused for the group, or deleted: nothing is read or started. */
  isOff = false;
  /** Set while a takeover of a suspect has an unknown result: it may be ours, and must not run among others. */
  mayHoldSuspect = false;
  /** Set while stale deliveries wait for room here. */
  hasStaleLeft = false;
  /** Start of the time in which all slots have been busy without one becoming free, monotonic ms; 0 while one is free. */
  fullSince = 0;
  /** Start of the wait for a permit of the rate limit, monotonic ms; 0 while nothing with a slot waits for one. */
  permitSince = 0;

  constructor(
    readonly path: string,
    readonly keys: RouteKeys,
    readonly group: string,
    public options: SubscriptionOptions,
    /** True when the group keeps expired messages as dead letters. */
    readonly keepsExpired = false,
  ) {}

  /** Counts buffered messages against the budget from now on. */
  share(budget: ByteBudget): void {
    this.budget = budget;
  }

  /** Size of the largest entries of the latest reads, in bytes; 0 before the first. */
  get entryBytes(): number {
    return this.largestBytes;
  }

  /** Ages the size estimate after a read: earlier entries say less about the next ones. */
  ageSizes(): void {
    this.largestBytes *= SIZE_DECAY;
  }

  streamOf(source: Source): string {
    return source === 'log' ? this.keys.log : this.keys.inbox(this.group);
  }

  /** Changes the concurrency. Running handlers continue. */
  resize(concurrency: number): void {
    this.options = { ...this.options, concurrency };
    this.fullSince = this.running >= concurrency ? performance.now() : 0;
  }

  get runningCount(): number {
    return this.running;
  }

  get bufferedCount(): number {
    return this.buffer.length - this.head;
  }

  /** Number of slots that no buffered delivery waits for. */
  get freeSlots(): number {
    if (this.isOff) return 0;
    return Math.max(0, this.options.concurrency - this.running - this.bufferedCount);
  }

  private get lookahead(): number {
    return lookahead(this.options.concurrency, this.meanRunMs);
  }

  /** Number of further messages that it would take now; 0 while the ones it holds keep it busy. */
  get appetite(): number {
    if (this.isOff) return 0;
    const { concurrency } = this.options;
    // With a rate limit, messages that may not start yet stay where any process can take them.
    const ahead = this.options.rateLimit === undefined ? this.lookahead : 0;
    const room = concurrency + ahead;
    const free = room - this.running - this.bufferedCount;
    if (free <= 0) return 0;
    if (this.bufferedCount > 0 && free < room / 4) return 0;
    if (this.budget === undefined || ahead === 0) return free;
    const fitting = Math.floor(this.budget.leftBytes / Math.max(1, this.largestBytes));
    return Math.min(free, this.freeSlots + fitting);
  }

  /** Takes a claim into the buffer, to be run in its turn. */
  accept(claim: Claim, leasedUntil: number): void {
    const delivery = this.admit(claim, leasedUntil);
    if (delivery === undefined) return;
    const size = sizeOf(claim.fields);
    if (size > this.largestBytes) this.largestBytes = size;
    delivery.aheadBytes = size;
    this.budget?.take(size);
    this.buffer.push(delivery);
  }

  /**
   * Takes a claim without giving it a turn. Returns undefined if its entry is held here already: the same entry never
   * runs twice at once in one process.
   */
  admit(claim: Claim, leasedUntil: number): InFlight<Subscription> | undefined {
    const held = this.held[claim.source];
    const same = held.find(claim.entryId);
    if (same !== undefined) {
      const latest = same.successor?.claim ?? same;
      if (claim.deliveries > latest.deliveries) same.successor = { claim, leasedUntil };
      return undefined;
    }
    const delivery = new InFlight<Subscription>(this, claim, leasedUntil);
    held.add(delivery);
    return delivery;
  }

  /**
   * Returns true when a delivery of this consumer may be a suspect whose takeover it does not know about. Its lease is
   * not renewed then, so that it is found as a suspect again.
   */
  mayBeSuspect(deliveries: number): boolean {
    return this.mayHoldSuspect && deliveries >= suspectFrom(this.options.maxCrashes);
  }

  /** Number of buffered deliveries that have a slot. */
  get startable(): number {
    if (this.isOff) return 0;
    return Math.min(this.bufferedCount, this.options.concurrency - this.running);
  }

  get isWaitingForPermit(): boolean {
    return this.permitSince !== 0 && this.startable > 0;
  }

  get canStart(): boolean {
    return this.startable > 0;
  }

  /** Returns the next delivery to run, if there is one and a slot for it. */
  takeNext(): InFlight<Subscription> | undefined {
    if (this.isOff || this.running >= this.options.concurrency) return undefined;
    for (let next = this.shift(); next !== undefined; next = this.shift()) {
      // Skip a delivery that was lost while it waited: another consumer owns it.
      if (next.lostBecause === undefined) {
        this.begin(next);
        return next;
      }
      next.hasEnded = true;
      this.forget(next);
    }
    return undefined;
  }

  /** Marks the delivery as running. */
  begin(delivery: InFlight<Subscription>): void {
    delivery.startedAt = performance.now();
    this.running += 1;
    if (this.running >= this.options.concurrency) this.fullSince = delivery.startedAt;
  }

  /** Returns all deliveries that have not started; the caller owns them from then on. */
  takeBuffered(): InFlight<Subscription>[] {
    const taken = this.buffer.slice(this.head);
    this.buffer = [];
    this.head = 0;
    for (const { aheadBytes } of taken) this.budget?.giveBack(aheadBytes);
    return taken;
  }

  /** Frees the slot of a delivery whose handler has really ended. */
  ended(delivery: InFlight<Subscription>): void {
    if (delivery.hasEnded) return;
    delivery.hasEnded = true;
    if (delivery.startedAt === 0) return;
    this.running -= 1;
    if (delivery.isDisowned) this.disowned -= 1;
    this.fullSince = this.running < this.options.concurrency ? 0 : performance.now();
    const tookMs = performance.now() - delivery.startedAt;
    this.meanRunMs =
      this.meanRunMs === undefined ? tookMs : this.meanRunMs + (tookMs - this.meanRunMs) * WEIGHT;
  }

  /**
   * Drops a delivery that Redis no longer knows as ours. Its handler keeps its slot until it ends. The same id may
   * belong to another message now, which is accepted as such.
   */
  disown(delivery: InFlight<Subscription>, reason: LeanMQError): void {
    if (!this.held[delivery.source].remove(delivery)) return;
    delivery.successor = undefined;
    delivery.isDisowned = true;
    if (delivery.startedAt > 0 && !delivery.hasEnded) this.disowned += 1;
    delivery.lose(reason);
  }

  /** Drops a delivery whose handler has ended and whose end Redis has confirmed, or that was lost. */
  forget(delivery: InFlight<Subscription>): void {
    if (!this.held[delivery.source].remove(delivery)) return;
    const { successor } = delivery;
    if (successor !== undefined) this.accept(successor.claim, successor.leasedUntil);
  }

  deliveries(source: Source): Iterable<InFlight<Subscription>> {
    return this.held[source];
  }

  forEachHeld(visit: (delivery: InFlight<Subscription>) => void): void {
    this.held.log.forEach(visit);
    this.held.inbox.forEach(visit);
  }

  get inFlightCount(): number {
    return this.held.log.size + this.held.inbox.size + this.disowned;
  }

  private shift(): InFlight<Subscription> | undefined {
    const delivery = this.buffer[this.head];
    if (delivery === undefined) return undefined;
    this.budget?.giveBack(delivery.aheadBytes);
    this.head += 1;
    // Shifting an array moves all of it, so the taken part is dropped only now and then.
    if (this.head === this.buffer.length || this.head > 1_024) {
      this.buffer = this.buffer.slice(this.head);
      this.head = 0;
    }
    return delivery;
  }
}
