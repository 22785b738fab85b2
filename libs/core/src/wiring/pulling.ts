import { setTimeout as delay } from 'node:timers/promises';

import { ConfigError, RejectError, type LeanMQError } from '../errors.js';
import type { Events } from '../events.js';
import type { InFlight, Outcome, WebhookDelivery } from '../message/index.js';
import type { HandleOptions } from '../handler-options.js';
import { LONGEST_MS, known, whole, type ForeignNames } from '../option-values.js';
import { PullConsumer, Subscription, type ConsumerContext } from '../consume/index.js';
import {
  callLimits,
  limitsOf,
  withinLimits,
  type CallLimits,
  type CallOptions,
  type Connection,
  type RegisteredRoute,
} from '../redis/index.js';
import { Delivery, openDelivery, type OpenRules } from '../run/index.js';
import type { Settler, SettlerHooks, Verdict } from '../settle/index.js';
import type { Sweeper } from '../sweep/index.js';
import { tellBlocked } from './delivery-events.js';
import { noteSettled } from './note-settled.js';
import { openRules, settlerOf } from './route-pipeline.js';

/** Result of settling a delivery: done, or refused because its lease was lost to another consumer. */
export type SettleResult = 'settled' | 'lease-lost';

export interface RetryOptions extends CallOptions {
  /** Delay before the next attempt, in ms. @default the delay of the backoff */
  readonly afterMs?: number;
  /** Error of this attempt. */
  readonly error?: unknown;
}

/**
 * A delivery that the caller settles. Its lease is renewed until then. When a call rejects by its time limit or signal,
 * its work continues in the background: the delivery is settled once Redis is back.
 */
export interface PulledDelivery<T = unknown> extends WebhookDelivery<T> {
  /** Acks the delivery. */
  ack(call?: CallOptions): Promise<SettleResult>;
  /** Fails the attempt; retries after the backoff or `afterMs`, or dead-letters when the attempts are used up. */
  retry(options?: RetryOptions): Promise<SettleResult>;
  /** Dead-letters the message, with the reason `rejected`. */
  deadLetter(reason?: string, call?: CallOptions): Promise<SettleResult>;
  /** Returns the delivery to the group; no attempt is used up. */
  release(call?: CallOptions): Promise<SettleResult>;
  /** Renews the lease now; this also happens automatically every third of the lease. */
  extend(call?: CallOptions): Promise<void>;
}

/** Options of a call that takes messages; `blockMs` is added to `timeoutMs`. */
export interface ReceiveOptions extends CallOptions {
  /** Maximum number of messages. @default 1, for `processOnce()` 100 */
  readonly count?: number;
  /** Time to wait when there is no message, in ms. @default undefined (no wait) */
  readonly blockMs?: number;
  /** Name of the consumer; it is made unique. @default the option `consumerName` */
  readonly consumer?: string;
}

const FOREIGN: ForeignNames = Object.freeze({
  max: 'give "count"',
  limit: 'give "count"',
  batchSize: 'give "count"',
  maxNumberOfMessages: 'give "count"',
  timeout: 'give "blockMs"',
  waitMs: 'give "blockMs"',
  waitTimeSeconds: 'give "blockMs"',
  group: 'it is an option of LeanMQ',
});

const RETRY_OPTIONS = ['afterMs', 'error', 'timeoutMs', 'signal'] as const;

const FOREIGN_TO_RETRY: ForeignNames = Object.freeze({
  delay: 'give "afterMs"',
  delayMs: 'give "afterMs"',
  delaySeconds: 'give "afterMs"',
  reason: 'give "error"',
});

const RECEIVE_OPTIONS = ['count', 'blockMs', 'consumer', 'timeoutMs', 'signal'] as const;

/** @throws {ConfigError} naming the option, what was given and what is allowed */
export function validReceive(options: ReceiveOptions): void {
  known('receive() and processOnce()', options, RECEIVE_OPTIONS, FOREIGN);
  const { count, blockMs, consumer } = options;
  if (consumer !== undefined && typeof consumer !== 'string') {
    throw ConfigError.option('consumer', consumer, 'a text');
  }
  if (count !== undefined) whole('count', count, 1);
  if (blockMs !== undefined) whole('blockMs', blockMs, 0, LONGEST_MS);
}

export interface PullingParts {
  readonly context: ConsumerContext;
  readonly options: HandleOptions;
  /** Time limit of a call that gives none, in ms. */
  readonly commandTimeoutMs: number;
  readonly path: string;
  readonly connection: Connection;
  readonly sweeper: Sweeper;
  readonly events: Events;
  readonly onFault: (where: string, error: unknown) => void;
}

// How long what is given back at the end may take to be confirmed.
const CONFIRM_MS = 2_000;

interface Waiter {
  readonly resolve: (settled: SettleResult) => void;
  readonly reject: (error: LeanMQError) => void;
}

/** Wires consume and settle together for a route whose deliveries are pulled. */
export class Puller implements SettlerHooks<Subscription> {
  private readonly consumer: PullConsumer;
  private readonly settler: Settler<Subscription>;
  private readonly rules: OpenRules<Subscription>;
  private readonly waiters = new Map<InFlight<Subscription>, Waiter>();

  constructor(private readonly parts: PullingParts) {
    const { context, options, path, connection, events, onFault } = parts;
    const { group, keys } = context;
    const unlimited = { ...options, concurrency: Number.MAX_SAFE_INTEGER };
    const keepsExpired = options.onExpired === 'dead-letter';
    const subscription = new Subscription(path, keys.route(path), group, unlimited, keepsExpired);
    this.consumer = new PullConsumer(context, subscription, connection, {
      release: (delivery) => this.dismiss(delivery, { kind: 'released' }),
      onWarning: (code, message) => events.tell('warning', () => ({ code, message })),
      onFault: (error) => onFault('receive', error),
    });
    this.rules = openRules(context, options.maxCrashes);
    this.settler = settlerOf(context, subscription, options, this);
  }

  /** @param signal aborted when its caller does not wait any more: what comes then is given back */
  async receive<T>(
    { count = 1, blockMs }: ReceiveOptions,
    signal: AbortSignal,
  ): Promise<PulledDelivery<T>[]> {
    const deliveries = await this.consumer.receive({ count, blockMs, signal });
    const opened = await Promise.all(deliveries.map((each) => this.open<T>(each)));
    if (signal.aborted) {
      for (const each of deliveries) this.dismiss(each, { kind: 'released' });
      return [];
    }
    return opened.flatMap((delivery) => delivery ?? []);
  }

  get path(): string {
    return this.parts.path;
  }

  /** Takes a change of the registry. */
  onRegistry(routes: readonly RegisteredRoute[]): void {
    const { path, context } = this.parts;
    const route = routes.find((each) => each.path === path);
    const own = route?.groups.find(({ group }) => group === context.group);
    this.consumer.setPaused(own?.pausedAt !== undefined);
  }

  /** Releases deliveries that are not settled. */
  async close(): Promise<void> {
    this.consumer.stopReading();
    const { held } = this.consumer;
    const givenBack = Promise.all(held.map((each) => this.settle(each, { kind: 'released' })));
    const enough = new AbortController();
    // While Redis is away, the release cannot be confirmed; the leases run out then.
    await Promise.race([
      givenBack.catch(() => undefined),
      delay(CONFIRM_MS, undefined, { signal: enough.signal }).catch(() => undefined),
    ]);
    enough.abort();
    await this.consumer.close();
  }

  /** Resolves to undefined for an entry that no caller may see; it is settled at once. */
  private async open<T>(inFlight: InFlight<Subscription>): Promise<PulledDelivery<T> | undefined> {
    const opened = await openDelivery(inFlight, this.rules);
    if (!(opened instanceof Delivery)) {
      this.dismiss(inFlight, opened);
      return undefined;
    }
    inFlight.work = opened;
    // Lost while its raw bytes were read: the caller is to learn of it from the signal.
    if (inFlight.lostBecause !== undefined) opened.cancel(inFlight.lostBecause);
    return Object.assign(opened as Delivery<T>, this.handleOf(inFlight));
  }

  private handleOf(
    inFlight: InFlight<Subscription>,
  ): Pick<PulledDelivery, 'ack' | 'retry' | 'deadLetter' | 'release' | 'extend'> {
    const { commandTimeoutMs } = this.parts;
    const settle = (outcome: Outcome, limits: CallLimits): Promise<SettleResult> =>
      this.bounded(limits, () => this.settle(inFlight, outcome));
    const within = (call: CallOptions = {}): CallLimits => callLimits(call, commandTimeoutMs);
    return {
      ack: async (call) => settle({ kind: 'success' }, within(call)),
      retry: async (given = {}) => {
        known('retry()', given, RETRY_OPTIONS, FOREIGN_TO_RETRY);
        const { afterMs, error } = given;
        if (afterMs !== undefined && !(Number.isFinite(afterMs) && afterMs >= 0)) {
          throw ConfigError.option('afterMs', afterMs, 'a number of milliseconds, 0 or more');
        }
        const when = afterMs === undefined ? {} : { retryAfterMs: afterMs };
        return settle({ kind: 'failure', error, ...when }, limitsOf(given, commandTimeoutMs));
      },
      deadLetter: async (reason, call) =>
        settle({ kind: 'failure', error: new RejectError(reason) }, within(call)),
      release: async (call) => settle({ kind: 'released' }, within(call)),
      extend: async (call) => this.bounded(within(call), () => this.consumer.extend()),
    };
  }

  /** Bounds the wait of the caller; work that has started continues in the background. */
  private bounded<T>(limits: CallLimits, work: () => Promise<T>): Promise<T> {
    const { command } = this.parts.context;
    const progress = { isSent: false, fault: () => command.lastFault };
    return withinLimits(limits, progress, () => {
      progress.isSent = true;
      return work();
    });
  }

  onSettled(delivery: InFlight<Subscription>, verdict: Verdict, isOurs: boolean): void {
    this.consumer.settled(delivery);
    noteSettled(this.parts, delivery, verdict, isOurs);
    this.waiters.get(delivery)?.resolve(isOurs ? 'settled' : 'lease-lost');
    this.waiters.delete(delivery);
  }

  onGivenUp(delivery: InFlight<Subscription>, reason: LeanMQError): void {
    this.consumer.giveUp(delivery);
    this.waiters.get(delivery)?.reject(reason);
    this.waiters.delete(delivery);
  }

  onBlocked(count: number): void {
    const { events, path, context } = this.parts;
    tellBlocked(events, { path, group: context.group }, count);
  }

  onFault(error: unknown): void {
    this.parts.onFault('settle', error);
  }

  private dismiss(inFlight: InFlight<Subscription>, outcome: Outcome): void {
    this.settle(inFlight, outcome).catch(() => undefined);
  }

  private settle(delivery: InFlight<Subscription>, outcome: Outcome): Promise<SettleResult> {
    if (delivery.isSettling) return Promise.resolve('lease-lost');
    return new Promise((resolve, reject) => {
      this.waiters.set(delivery, { resolve, reject });
      this.settler.settle(delivery, outcome);
    });
  }
}
