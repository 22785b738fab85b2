import { performance } from 'node:perf_hooks';

import type { Redis } from 'ioredis';

import { ConfigError, toError, type LeanMQError } from '../errors.js';
import { MAX_FIELDS, type InFlight, type Outcome, type Source } from '../message/index.js';
import { inOwnContext } from '../own-context.js';
import {
  toBrokerError,
  type Connection,
  type RouteKeys,
  type ScriptArgument,
} from '../redis/index.js';
import { isThenable, within } from '../within.js';
import { BACKOFF_DEFAULTS, type Backoff, type BackoffAnswer } from './backoff.js';
import { movesGateOf, type MovesGate } from './moves-gate.js';
import { lengthOf, movesByCall, type Move } from './moves.js';
import { nextHistory } from './next-history.js';
import type { SettleOptions } from './options.js';
import { ackOnceScript, handOverScript } from './scripts.js';
import { TickBatches } from './tick-batches.js';
import { ACK, decide, type Verdict } from './verdict.js';

/** The parts of a delivery's route that settling needs. */
export interface SettleRoute {
  readonly path: string;
  readonly group: string;
  readonly keys: RouteKeys;
  streamOf(source: Source): string;
}

export interface SettlerHooks<Route> {
  /** Reports that Redis has confirmed the verdict; `isOurs` is false when the lease was lost before. */
  onSettled: (delivery: InFlight<Route>, verdict: Verdict, isOurs: boolean) => void;
  /** Reports that Redis refuses to settle the delivery. */
  onGivenUp: (delivery: InFlight<Route>, reason: LeanMQError) => void;
  onFault: (error: unknown) => void;
  /** Reports, at intervals, that deliveries cannot be moved to their target and are tried again. */
  onBlocked: (count: number) => void;
}

export interface SettlerParts {
  readonly route: SettleRoute;
  /** Unique name of the consumer whose deliveries are settled. */
  readonly consumer: string;
  readonly connection: Connection;
  readonly options: SettleOptions;
  /** Server time, epoch ms. */
  readonly now: () => number;
}

// Keeps one command under 1 ms.
const MAX_ACKS = 1_000;
// Per turn, for retries. Writing a stack takes as long as running a short handler, and when many deliveries fail at once
// they mostly fail alike.
const MAX_STACKS = 4;
// The lease is renewed meanwhile; a backoff that never answers must not hold the message forever.
const ANSWER_MS = 10_000;
const BLOCKED_PAUSE_MS = 1_000;
const BLOCKED_TOLD_EVERY_MS = 60_000;
const DROP: Verdict = Object.freeze({ kind: 'drop' });
// The verdict carries the error. Keeping the error itself would keep its stack frames alive, a lot of memory under load.
const FAILURE: Outcome = Object.freeze({ kind: 'failure', error: undefined });

/**
 * Ends the deliveries of one route. The successes of a turn go as one XACK per stream; everything else goes through a
 * script that is fenced by owner and delivery count. Both are harmless when executed twice, and are repeated until Redis
 * confirms them.
 */
export class Settler<Route extends SettleRoute> {
  private readonly acks: TickBatches<Source, InFlight<Route>>;
  private readonly onceAcks: TickBatches<Source, InFlight<Route>>;
  private readonly moves: TickBatches<Source, Move<Route>>;
  private readonly gate: MovesGate;
  /** Number of further retries in this turn that record the stack of their error. */
  private stacksLeft = MAX_STACKS;
  /** Monotonic ms. */
  private blockedToldAt = -Infinity;

  private readonly route: SettleRoute;
  private readonly consumer: string;
  private readonly connection: Connection;
  private readonly options: SettleOptions;
  private readonly now: () => number;

  constructor(
    { route, consumer, connection, options, now }: SettlerParts,
    private readonly hooks: SettlerHooks<Route>,
  ) {
    this.route = route;
    this.consumer = consumer;
    this.connection = connection;
    this.options = options;
    this.now = now;
    this.acks = new TickBatches((source, items) => {
      for (const some of slices(items, MAX_ACKS)) void this.ack(source, some);
    });
    this.onceAcks = new TickBatches((source, items) => {
      for (const some of slices(items, MAX_ACKS)) void this.ackOnce(source, some);
    });
    this.gate = movesGateOf(connection);
    this.moves = new TickBatches((source, items) => {
      this.stacksLeft = MAX_STACKS;
      for (const some of movesByCall(items)) void this.move(source, some);
    });
  }

  /** Settles by the first outcome of a delivery; after a timeout or a release, the outcome of its handler is too late. */
  settle(delivery: InFlight<Route>, outcome: Outcome): void {
    if (delivery.isSettling) return;
    delivery.outcome = outcome.kind === 'failure' ? FAILURE : outcome;
    const { startedAt } = delivery;
    if (outcome.kind !== 'success' && startedAt > 0) delivery.ranMs = performance.now() - startedAt;
    const verdict = this.decide(delivery, outcome);
    if (verdict instanceof Promise) void verdict.then((later) => this.carryOut(delivery, later));
    else this.carryOut(delivery, verdict);
  }

  private carryOut(delivery: InFlight<Route>, verdict: Verdict): void {
    if (verdict.kind === 'retry') this.stacksLeft -= 1;
    if (verdict.kind !== 'ack') {
      this.moves.add(delivery.source, { delivery, verdict });
    } else if (delivery.onceMark === undefined) {
      this.acks.add(delivery.source, delivery);
    } else {
      this.onceAcks.add(delivery.source, delivery);
    }
  }

  private decide(delivery: InFlight<Route>, outcome: Outcome): Verdict | Promise<Verdict> {
    const withStack = this.stacksLeft > 0;
    if (outcome.kind !== 'success' && delivery.fields.length > MAX_FIELDS) {
      // No other target accepts it.
      return decide(
        { kind: 'dead', reason: 'undecodable', error: delivery.unreadableBecause },
        delivery.attemptsBefore,
        this.options,
      );
    }
    const before = delivery.attemptsBefore;
    const { backoff } = this.options;
    if (outcome.kind !== 'failure' || typeof backoff !== 'function') {
      return decide(outcome, before, this.options, withStack);
    }
    return this.decideBy(backoff, (options) => decide(outcome, before, options, withStack));
  }

  /** Awaits a custom backoff, which may be asynchronous. When it fails, the default decides. */
  private decideBy(
    backoff: Extract<Backoff, (...args: never[]) => unknown>,
    by: (options: SettleOptions) => Verdict,
  ): Verdict | Promise<Verdict> {
    const failed = (error: unknown): Verdict => {
      // Wrapped, because a plain error would be taken for a connection error.
      this.hooks.onFault(
        new ConfigError(`Option "backoff" threw: ${toError(error).message}`, { cause: error }),
      );
      return by({ ...this.options, backoff: BACKOFF_DEFAULTS });
    };
    let promised: PromiseLike<unknown> | undefined;
    const ask = (attempt: number, error: unknown): BackoffAnswer => {
      const given = inOwnContext(backoff, attempt, error);
      if (!isThenable(given)) return given;
      promised = given;
      return 0;
    };
    try {
      const verdict = by({ ...this.options, backoff: ask });
      if (promised === undefined) return verdict;
    } catch (error) {
      return failed(error);
    }
    const late = (): Error => new Error(`no answer within ${ANSWER_MS} ms`);
    return within(promised, ANSWER_MS, late)
      .then((answer) => by({ ...this.options, backoff: () => answer as BackoffAnswer }))
      .catch(failed);
  }

  private async ack(source: Source, deliveries: readonly InFlight<Route>[]): Promise<void> {
    const ids = deliveries.map(({ entryId }) => entryId);
    let attempts = 0;
    const acked = await this.untilDone(deliveries, (client) => {
      attempts += 1;
      // After a fault or a wait for the connection, another consumer may own some of them: ack one by one, so that each
      // reply says whether it was ours.
      return attempts === 1 && areHeld(deliveries)
        ? this.sendAck(client, source, ids)
        : this.ackEach(client, source, deliveries);
    });
    if (acked === undefined) return;
    deliveries.forEach((each, index) => this.confirm(each, acked[index] === true));
  }

  /** Resolves to true for each delivery that was ours. While leases last, a batch is ours as a whole. */
  private async sendAck(client: Redis, source: Source, ids: readonly string[]): Promise<boolean[]> {
    const stream = this.route.streamOf(source);
    const acked = client.xack(stream, this.route.group, ...ids);
    // An inbox belongs to this group alone, so nobody needs its finished entries.
    if (source === 'inbox') await Promise.all([acked, client.xdel(stream, ...ids)]);
    const count = await acked;
    return ids.map(() => ids.length > 1 || count > 0);
  }

  private async ackEach(
    client: Redis,
    source: Source,
    deliveries: readonly InFlight<Route>[],
  ): Promise<boolean[]> {
    const acked = deliveries.map(async ({ entryId, isDisowned }) =>
      isDisowned ? [false] : this.sendAck(client, source, [entryId]),
    );
    return (await Promise.all(acked)).flat();
  }

  /** Confirms an ack, which ends the entry whoever owns it: it does not run again, even if it was claimed again. */
  private confirm(delivery: InFlight<Route>, isOurs: boolean): void {
    delivery.successor = undefined;
    this.hooks.onSettled(delivery, ACK, isOurs);
  }

  /** Settles successes of an idempotent handler: marked as done and acked in one step. */
  private async ackOnce(source: Source, deliveries: readonly InFlight<Route>[]): Promise<void> {
    const names = { stream: this.route.streamOf(source) };
    const args = { group: this.route.group, source, windowMs: this.options.idempotencyMs };
    const acked = await this.untilDone(deliveries, (client) =>
      forOwned(deliveries, (owned) => {
        const more = {
          keys: owned.map(({ onceMark }) => onceMark as string),
          args: owned.map(({ entryId }) => entryId),
        };
        return ackOnceScript.run(client, names, args, more);
      }),
    );
    if (acked === undefined) return;
    deliveries.forEach((each, index) => this.confirm(each, acked[index] === 1));
  }

  private async move(source: Source, items: readonly Move<Route>[]): Promise<void> {
    const { group, keys } = this.route;
    const names = {
      stream: this.route.streamOf(source),
      inbox: keys.inbox(group),
      dead: keys.dead(group),
      schedule: keys.schedule,
      scheduled: keys.scheduled,
    };
    const now = this.now();
    const named = { group, consumer: this.consumer, source };
    const argsOf = new Map<InFlight<Route>, readonly ScriptArgument[]>();
    for (const { delivery, verdict } of items) {
      const history = JSON.stringify(nextHistory(delivery, verdict, now));
      const { entryId, deliveries, onceMark = '' } = delivery;
      const delayMs = verdict.kind === 'retry' ? verdict.delayMs : 0;
      const move = `${entryId} ${deliveries} ${targetOf(verdict)} ${delayMs} ${onceMark}`;
      argsOf.set(delivery, [move, history]);
    }
    let attempts = 0;
    let length = 0;
    for (const item of items) length += lengthOf(item);
    const deliveries = items.map(({ delivery }) => delivery);
    // The gate is passed per attempt: while a failed one waits, others use its room.
    const results = await this.untilDone(deliveries, (client) =>
      this.gate.pass(length, () => {
        attempts += 1;
        return forOwned(deliveries, (owned) => {
          const args = owned.flatMap((each) => argsOf.get(each) ?? []);
          return handOverScript.run(client, names, named, { args });
        });
      }),
    );
    if (results === undefined) return;
    const blocked = items.filter((_, index) => results[index] === 'blocked');
    if (blocked.length > 0) this.moveLater(source, blocked);
    items.forEach(({ delivery, verdict }, index) => {
      const result = results[index] ?? 'lost';
      if (result === 'blocked') return;
      if (result === 'dropped') return this.hooks.onSettled(delivery, DROP, true);
      // After a repeated call, "lost" may refer to our own first call, whose reply was lost.
      const isOurs = result === 'moved' || (attempts > 1 && result === 'lost');
      this.hooks.onSettled(delivery, verdict, isOurs);
    });
  }

  /** Retries the moves later. The leases are renewed meanwhile: no other consumer could do better, and no crash counts. */
  private moveLater(source: Source, items: readonly Move<Route>[]): void {
    setTimeout(() => void this.move(source, items), BLOCKED_PAUSE_MS).unref();
    const now = performance.now();
    if (now < this.blockedToldAt + BLOCKED_TOLD_EVERY_MS) return;
    this.blockedToldAt = now;
    this.hooks.onBlocked(items.length);
  }

  /** Resolves to undefined when Redis refuses; the deliveries then lose their leases and are reclaimed. */
  private async untilDone<T>(
    deliveries: readonly InFlight<Route>[],
    command: (client: Redis) => Promise<T>,
  ): Promise<T | undefined> {
    try {
      return await this.connection.run(command);
    } catch (error) {
      const reason = toBrokerError(error);
      if (!this.connection.isClosed) this.hooks.onFault(reason);
      for (const delivery of deliveries) this.hooks.onGivenUp(delivery, reason);
      return undefined;
    }
  }
}

/**
 * Runs `act` for the deliveries that Redis still knows as ours; the id of another one may now belong to a new message.
 *
 * @returns the result for each delivery, undefined for those left out
 */
async function forOwned<Route, Result>(
  deliveries: readonly InFlight<Route>[],
  act: (owned: readonly InFlight<Route>[]) => Promise<readonly Result[]>,
): Promise<readonly (Result | undefined)[]> {
  const owned = deliveries.filter(({ isDisowned }) => !isDisowned);
  if (owned.length === deliveries.length) return act(owned);
  const results = owned.length === 0 ? [] : await act(owned);
  const resultOf = new Map(owned.map((each, index) => [each, results[index]]));
  return deliveries.map((each) => resultOf.get(each));
}

/** Returns true while no other consumer can have taken any of them over. */
function areHeld(deliveries: readonly InFlight<unknown>[]): boolean {
  const now = performance.now();
  return deliveries.every(
    ({ leasedUntil, lostBecause }) => now < leasedUntil && lostBecause === undefined,
  );
}

function targetOf({ kind }: Verdict): 'schedule' | 'dead' | 'inbox' {
  if (kind === 'retry') return 'schedule';
  return kind === 'dead' ? 'dead' : 'inbox';
}

function* slices<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let from = 0; from < items.length; from += size) yield items.slice(from, from + size);
}
