import { performance } from 'node:perf_hooks';

import {
  ConfigError,
  LeanMQError,
  MessageIdConflictError,
  RouteFullError,
  UndecodableError,
} from '../errors.js';
import { isTransient } from '../redis/index.js';
import { planTick, type TickPlan } from './catch-up.js';
import type { Homes } from './homes.js';
import { ruleOf } from './rules.js';
import { SetAside } from './set-aside.js';
import type { DueAt, ScheduleStore } from './store.js';
import { readRule, readSend } from './stored.js';

/** An instant of a recurring send, in the form that the publisher takes. */
export interface TickRequest {
  readonly path: string;
  readonly id: string;
  readonly rule: string;
  readonly dueAt: number;
  readonly nextAt: number;
  readonly data: string;
  readonly headers: string;
  readonly ttlMs: number | undefined;
  readonly messageIds: readonly string[];
}

export interface TickerHooks {
  /** Publishes and moves on in one step; `overtaken` when another process has done so. */
  publish: (tick: TickRequest) => Promise<unknown>;
  onTicked: (tick: TickRequest) => void;
  /** Reports that the queue has reached its `maxLength`: the tick waits. */
  onHeld: (path: string, id: string) => void;
  /** Reports a stored send that this version cannot read and that is set aside. */
  onUnreadable: (path: string, id: string, error: Error) => void;
  onFault: (error: unknown) => void;
  /** Reports the next tick, epoch ms, when the sweep sees only ticks that are set aside. */
  onNext: (path: string, nextAt: number) => void;
}

// Each may hold a payload of the maximum size.
const TICKS_PER_LOOK = 25;

/**
 * Publishes the recurring sends of a route that are due:
 *
 * 1. reads them and their homes; removes one whose home is elsewhere
 * 2. plans each by its rule: the instants to publish, and the next one
 * 3. publishes and moves on in one step, fenced by the instant that the plan began with, so several processes may try
 *
 * A send that cannot be published is set aside: it neither takes the place of another nor delays it.
 */
export class Ticker {
  private readonly held = new Set<string>();
  /** By path. */
  private readonly asides = new Map<string, SetAside>();

  constructor(
    private readonly homes: Homes,
    private readonly store: ScheduleStore,
    private readonly hooks: TickerHooks,
  ) {}

  /** @returns true when any of them has moved on, so that another look may find more */
  async tick(path: string, nowMs: number): Promise<boolean> {
    const aside = this.asides.get(path) ?? new SetAside();
    const limit = TICKS_PER_LOOK + aside.size;
    const due = await this.store.due(path, nowMs, limit);
    // Beyond the limit there may be others that are set aside.
    if (due.length < limit) aside.keepOnly(due);
    const wanted = due.filter((each) => !aside.has(each, performance.now()));
    const outcomes = await Promise.all(
      wanted.slice(0, TICKS_PER_LOOK).map((each) => this.tryOne(path, each, nowMs, aside)),
    );
    if (aside.size > 0) this.asides.set(path, aside);
    else this.asides.delete(path);
    // Sends that were just set aside have made room for others.
    const hasMore =
      outcomes.includes('moved') || (outcomes.includes('aside') && due.length === limit);
    if (!hasMore && aside.size > 0) await this.lookAhead(path, nowMs);
    return hasMore;
  }

  private async tryOne(
    path: string,
    due: DueAt,
    nowMs: number,
    aside: SetAside,
  ): Promise<'moved' | 'waits' | 'aside'> {
    try {
      return (await this.tickOne(path, due, nowMs)) ? 'moved' : 'waits';
    } catch (error) {
      // The send stays due.
      if (isPassing(error)) {
        this.hooks.onFault(error);
        return 'waits';
      }
      if (aside.add(due, performance.now())) this.tellOf(path, due.id, error);
      return 'aside';
    }
  }

  private tellOf(path: string, id: string, error: unknown): void {
    this.hooks.onFault(error);
    if (error instanceof UndecodableError || error instanceof ConfigError) {
      this.hooks.onUnreadable(path, id, error);
    }
  }

  private async lookAhead(path: string, nowMs: number): Promise<void> {
    const nextAt = await this.store.nextAfter(path, nowMs);
    if (nextAt !== undefined) this.hooks.onNext(path, nextAt);
  }

  private async tickOne(path: string, { id, dueAt }: DueAt, nowMs: number): Promise<boolean> {
    const [stored, home] = await Promise.all([this.store.read(path, id), this.homes.of(id)]);
    const { rule, send, data, headers = '' } = stored;
    const isWhole = rule !== undefined && send !== undefined && data !== undefined;
    if (!isWhole || (home !== undefined && home.path !== path)) return this.store.remove(path, id);
    const { catchUp, ttlMs } = readSend(send);
    const plan = planTick(await ruleOf(readRule(rule), id), catchUp, dueAt, nowMs);
    const outcome = await this.publish({ path, id, rule, dueAt, data, headers, ttlMs }, plan);
    // A send without a home was created before the homes were lost.
    if (outcome === 'made' && home === undefined) {
      await this.homes.set({ id, path, plannedAt: dueAt });
    }
    return outcome !== 'held';
  }

  private async publish(
    about: Omit<TickRequest, 'nextAt' | 'messageIds'>,
    { publish, nextAt }: TickPlan,
  ): Promise<'made' | 'overtaken' | 'held'> {
    const { path, id } = about;
    const messageIds = publish.map((at) => `${id}@${at}`);
    const tick = { ...about, nextAt, messageIds };
    try {
      const outcome = await this.hooks.publish(tick);
      this.held.delete(id);
      if (outcome === 'overtaken') return 'overtaken';
      this.hooks.onTicked(tick);
      return 'made';
    } catch (error) {
      const [first, second] = publish as readonly [number, number?];
      const isFull = error instanceof RouteFullError;
      if (!isFull && !(error instanceof MessageIdConflictError)) throw error;
      // There may be room for one message of many, and the others may be new: try them one at a time.
      if (second !== undefined) return this.publish(about, { publish: [first], nextAt: second });
      // A send that was removed since has published this instant, with other data: skip it.
      if (!isFull) return this.publish(about, { publish: [], nextAt });
      if (!this.held.has(id)) this.hooks.onHeld(path, id);
      this.held.add(id);
      return 'held';
    }
  }
}

/** Returns true when Redis is away or refuses for now; any other error would recur at the next sweep. */
function isPassing(error: unknown): boolean {
  return isTransient(error) || (error instanceof LeanMQError && error.retryable);
}
