import { performance } from 'node:perf_hooks';

import type { LeanMQError } from '../../errors.js';
import { InFlight, type Claim, type Source } from '../../message/index.js';
import type { RouteKeys } from '../../redis/index.js';
import { sizeOf, type ByteBudget } from './byte-budget.js';
import { Held } from './held.js';
import { lookahead } from './lookahead.js';
import { suspectFrom, type SubscriptionOptions } from './options.js';

/** How much of the latest duration goes into the mean. */
const WEIGHT = 0.05;
/** What is left with each read of the size of the largest entry. */
const SIZE_DECAY = 0.75;

/**
 * A route as this process consumes it: what it holds, what runs, and how much more it wants.
 */
export class Subscription {
  /** Read, not begun. */
  private buffer: InFlight<Subscription>[] = [];
  private head = 0;
  private running = 0;
  /** Disowned, with a handler that has not ended. */
  private disowned = 0;
  private meanRunMs: number | undefined;
  private readonly held = { log: new Held<Subscription>(), inbox: new Held<Subscription>() };
  private budget: ByteBudget | undefined;
  private largestBytes = 0;
  /** Its last read came back full, so that more is waiting. */
  isHot = false;
  /** Nothing is read or begun: the route is paused for the group, or deleted. */
  isOff = false;
  /** It is not known whether a suspect was taken over: it may be ours, and is not to be run among others. */
  mayHoldSuspect = false;
  /** Stale deliveries wait for room here. */
  hasStaleLeft = false;
  /** Since when all slots are busy without one having become free, monotonic ms; 0 while one is free. */
  fullSince = 0;
  /** Since when what has a slot waits for a permit of the rate limit, monotonic ms; 0 while nothing does. */
  permitSince = 0;

  constructor(
    readonly path: string,
    readonly keys: RouteKeys,
    readonly group: string,
    public options: SubscriptionOptions,
    /** Whether the group wants what expires as dead letters. */
    readonly keepsExpired = false,
  ) {}

  /** What is read ahead counts there from now on. */
  share(budget: ByteBudget): void {
    this.budget = budget;
  }

  /** Size of the largest entries of the latest reads; 0 if there was none. */
  get entryBytes(): number {
    return this.largestBytes;
  }

  /** A read has brought entries: earlier ones say less about the next. */
  ageSizes(): void {
    this.largestBytes *= SIZE_DECAY;
  }

  streamOf(source: Source): string {
    return source === 'log' ? this.keys.log : this.keys.inbox(this.group);
  }

  /** Changes how many run at the same time. Those that run go on. */
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

  /** Slots that nothing waits for yet. */
  get freeSlots(): number {
    if (this.isOff) return 0;
    return Math.max(0, this.options.concurrency - this.running - this.bufferedCount);
  }

  private get lookahead(): number {
    return lookahead(this.options.concurrency, this.meanRunMs);
  }

  /** How many more messages it would take now; 0 as long as what it holds keeps it busy. */
  get appetite(): number {
    if (this.isOff) return 0;
    const { concurrency } = this.options;
    // What may not begin yet had better wait where any process can take it.
    const ahead = this.options.rateLimit === undefined ? this.lookahead : 0;
    const room = concurrency + ahead;
    const free = room - this.running - this.bufferedCount;
    if (free <= 0) return 0;
    if (this.bufferedCount > 0 && free < room / 4) return 0;
    if (this.budget === undefined || ahead === 0) return free;
    const fitting = Math.floor(this.budget.leftBytes / Math.max(1, this.largestBytes));
    return Math.min(free, this.freeSlots + fitting);
  }

  /** Takes a claim in, to be run in its turn. */
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
   * Takes a claim in without giving it a turn; undefined if its entry is held here already, because the same entry is
   * never run twice at once in one process.
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
   * Whether what this consumer was given may be a suspect that it does not know of. Nobody renews its lease then, so that
   * it is found as a suspect again.
   */
  mayBeSuspect(deliveries: number): boolean {
    return this.mayHoldSuspect && deliveries >= suspectFrom(this.options.maxCrashes);
  }

  /** How many of those that wait have a slot. */
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

  /** The next delivery to run, if there is one and a slot for it. */
  takeNext(): InFlight<Subscription> | undefined {
    if (this.isOff || this.running >= this.options.concurrency) return undefined;
    for (let next = this.shift(); next !== undefined; next = this.shift()) {
      // Lost while it waited: somebody else has it, and it is not ours to run.
      if (next.lostBecause === undefined) {
        this.begin(next);
        return next;
      }
      next.hasEnded = true;
      this.forget(next);
    }
    return undefined;
  }

  /** Counts it as running from now on. */
  begin(delivery: InFlight<Subscription>): void {
    delivery.startedAt = performance.now();
    this.running += 1;
    if (this.running >= this.options.concurrency) this.fullSince = delivery.startedAt;
  }

  /** Everything that has not begun; it is the caller's from then on. */
  takeBuffered(): InFlight<Subscription>[] {
    const taken = this.buffer.slice(this.head);
    this.buffer = [];
    this.head = 0;
    for (const { aheadBytes } of taken) this.budget?.giveBack(aheadBytes);
    return taken;
  }

  /** The handler has really ended: the slot is free. */
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
   * Lets go of a delivery that Redis does not know as ours any more. Its handler keeps its slot until it ends; the same id
   * may be another message by now, which is taken in as such.
   */
  disown(delivery: InFlight<Subscription>, reason: LeanMQError): void {
    if (!this.held[delivery.source].remove(delivery)) return;
    delivery.successor = undefined;
    delivery.isDisowned = true;
    if (delivery.startedAt > 0 && !delivery.hasEnded) this.disowned += 1;
    delivery.lose(reason);
  }

  /** Redis has confirmed how it ended, or it is lost, and its handler has ended. */
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
    // Shifting an array moves all of it; dropping the taken part now and then does not.
    if (this.head === this.buffer.length || this.head > 1_024) {
      this.buffer = this.buffer.slice(this.head);
      this.head = 0;
    }
    return delivery;
  }
}
