import type { LeanMQError } from '../errors.js';
import { readEntry, type Entry } from './entry.js';
import type { EntryId } from './ids.js';
import type { Outcome } from './message.js';

/** Stream of a route that holds an entry. */
export type Source = 'log' | 'inbox';

/**
 * A stream entry that Redis has given to this consumer. `deliveries` is the delivery count of Redis at that moment;
 * together with the owner it fences every settlement except a success.
 */
export interface Claim {
  readonly source: Source;
  readonly entryId: EntryId;
  /** Alternating names and values. */
  readonly fields: readonly string[];
  readonly deliveries: number;
}

/** Work that can be cancelled. */
export interface Cancellable {
  /** Time of the cancellation, monotonic ms; undefined before it. */
  readonly cancelledAt: number | undefined;
  cancel(reason: Error): void;
}

/** Engine's record of a delivery: a claim from its reading until Redis has confirmed its outcome. */
export class InFlight<Route> implements Claim {
  readonly source: Source;
  readonly entryId: EntryId;
  readonly fields: readonly string[];
  readonly deliveries: number;
  private opened: Entry | undefined = undefined;
  /** Bytes that the entry takes of its process's look-ahead; 0 if it is not counted there. */
  aheadBytes = 0;
  /** Start of the handler, monotonic ms; 0 while the entry waits. */
  startedAt = 0;
  /** Run time when the outcome was known, in ms; not set for a success. */
  ranMs = 0;
  /** True once the handler has returned, or when no handler had to run. */
  hasEnded = false;
  /** Outcome, once it is known and on its way to Redis; the first outcome counts. */
  outcome: Outcome | undefined = undefined;
  /** True once Redis has confirmed or refused the outcome. */
  isSettled = false;
  /** Index among the entries that the consumer holds; -1 when it is not held. */
  heldAt = -1;
  /** Reason why the lease is no longer renewed. */
  lostBecause: LeanMQError | undefined = undefined;
  /**
   * True when Redis no longer knows this entry as this consumer's. After a loss of data, its id may belong to a different
   * message, so nothing about the entry is sent to Redis.
   */
  isDisowned = false;
  /** Running work, cancelled when the lease is lost. */
  work: Cancellable | undefined = undefined;
  /** Mark of the idempotency key in Redis, set once the key was begun. */
  onceMark: string | undefined = undefined;
  /** Renews that mark together with the lease. */
  renewMark: (() => Promise<unknown>) | undefined = undefined;
  /** The same entry, claimed again while this handler was still running. */
  successor: { readonly claim: Claim; readonly leasedUntil: number } | undefined = undefined;

  constructor(
    readonly route: Route,
    claim: Claim,
    /** End of the lease: before it, no other consumer can take the entry over. Monotonic ms. */
    public leasedUntil: number,
  ) {
    this.source = claim.source;
    this.entryId = claim.entryId;
    this.fields = claim.fields;
    this.deliveries = claim.deliveries;
  }

  lose(reason: LeanMQError): void {
    if (this.lostBecause !== undefined) return;
    this.lostBecause = reason;
    this.work?.cancel(reason);
  }

  /**
   * Returns the entry by field; reads the fields on the first call.
   *
   * @throws {UndecodableError}
   */
  open(): Entry {
    this.opened ??= readEntry(this.fields);
    return this.opened;
  }

  /** Error that prevents reading the entry; undefined when it is readable. */
  get unreadableBecause(): unknown {
    try {
      this.open();
      return undefined;
    } catch (error) {
      return error;
    }
  }

  /** The entry by field; undefined when it is unreadable. An entry that was never run also has a history to preserve. */
  get entry(): Entry | undefined {
    try {
      return this.open();
    } catch {
      return undefined;
    }
  }

  get isSettling(): boolean {
    return this.outcome !== undefined;
  }

  /** True when this process will not change the entry any more, even if its handler still runs. */
  get isOver(): boolean {
    // A late success may still count; until that is known, a successor must not run.
    return this.isSettled || (this.lostBecause !== undefined && !this.isSettling);
  }

  get isDone(): boolean {
    return this.hasEnded && this.isOver;
  }

  /** Number of attempts before this delivery; a crash counts as one. */
  get attemptsBefore(): number {
    return (this.entry?.history?.attempts ?? 0) + this.deliveries - 1;
  }

  /** Number of times that a process died or stalled while it held the message. */
  get crashes(): number {
    return (this.entry?.history?.crashes ?? 0) + this.deliveries - 1;
  }

  get origin(): EntryId {
    return this.entry?.history?.origin ?? this.entryId;
  }

  get messageId(): string {
    return this.entry?.id ?? this.origin;
  }
}
