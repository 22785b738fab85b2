import type { LeanMQError } from '../errors.js';
import { readEntry, type Entry } from './entry.js';
import type { EntryId } from './ids.js';
import type { Outcome } from './message.js';

/** Which stream of a route an entry is on. */
export type Source = 'log' | 'inbox';

/**
 * A stream entry that Redis has handed to this consumer. `deliveries` is what Redis counted when it did so; together
 * with the owner it fences every settlement but a success.
 */
export interface Claim {
  readonly source: Source;
  readonly entryId: EntryId;
  /** Names and values in turn. */
  readonly fields: readonly string[];
  readonly deliveries: number;
}

/** Work that can be told that it is no longer wanted. */
export interface Cancellable {
  /** When it was told so, monotonic ms; undefined as long as it was not. */
  readonly cancelledAt: number | undefined;
  cancel(reason: Error): void;
}

/** A claim from when it was read until Redis has confirmed how it ended. */
export class InFlight<Route> implements Claim {
  readonly source: Source;
  readonly entryId: EntryId;
  readonly fields: readonly string[];
  readonly deliveries: number;
  private opened: Entry | undefined = undefined;
  /** Bytes that it takes of its process's look-ahead; 0 if it is not counted there. */
  aheadBytes = 0;
  /** When its handler began, monotonic ms; 0 while it waits. */
  startedAt = 0;
  /** How long it had run when its outcome was known, ms; only of what was not a success. */
  ranMs = 0;
  /** The handler has returned, or there was none to run. */
  hasEnded = false;
  /** How it went, once that is known and on its way to Redis; the first outcome counts. */
  outcome: Outcome | undefined = undefined;
  /** Redis has confirmed how it ended, or refused to hear of it. */
  isSettled = false;
  /** Where it stands among what its consumer holds; -1 when it is not held. */
  heldAt = -1;
  /** Why its lease is not renewed any more. */
  lostBecause: LeanMQError | undefined = undefined;
  /**
   * Redis does not know it as this consumer's any more: under its id may be another message by now, from another history.
   * Nothing about it is sent to Redis.
   */
  isDisowned = false;
  /** What is done with it, which is no longer wanted when it is lost. */
  work: Cancellable | undefined = undefined;
  /** The mark of its idempotency key in Redis, from when it was begun with. */
  onceMark: string | undefined = undefined;
  /** Renews that mark with the lease. */
  renewMark: (() => Promise<unknown>) | undefined = undefined;
  /** The same entry, claimed anew while its handler here was still running. */
  successor: { readonly claim: Claim; readonly leasedUntil: number } | undefined = undefined;

  constructor(
    readonly route: Route,
    claim: Claim,
    /** Until when nobody else can have taken it over, monotonic ms. */
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
   * The entry with its fields told apart, which is done when it is first asked for.
   *
   * @throws {UndecodableError}
   */
  open(): Entry {
    this.opened ??= readEntry(this.fields);
    return this.opened;
  }

  /** Why it cannot be read; undefined when it can. */
  get unreadableBecause(): unknown {
    try {
      this.open();
      return undefined;
    } catch (error) {
      return error;
    }
  }

  /** The same; undefined when it cannot be read. What was never run has a history too, which must not get lost. */
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

  /** Nothing more is to come of it here, whether its handler has ended or not. */
  get isOver(): boolean {
    // A late success may still count: until that is known, what was claimed anew is not to run.
    return this.isSettled || (this.lostBecause !== undefined && !this.isSettling);
  }

  get isDone(): boolean {
    return this.hasEnded && this.isOver;
  }

  /** Attempts used up before this delivery; a crash uses one up too. */
  get attemptsBefore(): number {
    return (this.entry?.history?.attempts ?? 0) + this.deliveries - 1;
  }

  /** How often a process has died or stalled with this message. */
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
