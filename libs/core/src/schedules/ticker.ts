import { MessageIdConflictError, RouteFullError } from '../errors.js';
import { planTick, type TickPlan } from './catch-up.js';
import type { Homes } from './homes.js';
import { ruleOf } from './rules.js';
import type { Due, ScheduleStore } from './store.js';
import { readRule, readSend } from './stored.js';

/** An instant of a recurring send, as it is handed to the publisher. */
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
  /** Publishes and moves on in one step; `overtaken` when somebody else has done so. */
  publish: (tick: TickRequest) => Promise<unknown>;
  onTicked: (tick: TickRequest) => void;
  /** The route has as many unfinished messages as it may have: the tick waits. */
  onHeld: (path: string, id: string) => void;
  onFault: (error: unknown) => void;
}

/**
 * Makes the recurring sends of a route that are due:
 *
 * 1. reads them, and where they live: one that was left elsewhere goes
 * 2. plans each by its rule: which instants are published, which one is next
 * 3. publishes and moves on in one step, from the instant that the plan began with, so that several processes may try
 */
export class Ticker {
  private readonly held = new Set<string>();

  constructor(
    private readonly homes: Homes,
    private readonly store: ScheduleStore,
    private readonly hooks: TickerHooks,
  ) {}

  /** @returns whether any of them has moved on, so that a next look may find more */
  async tick(path: string, nowMs: number): Promise<boolean> {
    const due = await this.store.due(path, nowMs);
    const moved = await Promise.all(
      due.map((each) =>
        this.tickOne(path, each, nowMs).catch((error: unknown) => {
          // It stays due; one that cannot be made does not hold up the others.
          this.hooks.onFault(error);
          return false;
        }),
      ),
    );
    return moved.includes(true);
  }

  private async tickOne(path: string, due: Due, nowMs: number): Promise<boolean> {
    const { id, dueAt } = due;
    const { rule, send, data, headers = '' } = due.stored;
    const isWhole = rule !== undefined && send !== undefined && data !== undefined;
    const home = await this.homes.of(id);
    if (!isWhole || (home !== undefined && home.path !== path)) return this.store.remove(path, id);
    const { catchUp, ttlMs } = readSend(send);
    const plan = planTick(await ruleOf(readRule(rule), id), catchUp, dueAt, nowMs);
    const outcome = await this.publish({ path, id, rule, dueAt, data, headers, ttlMs }, plan);
    // One that is not known to live anywhere was made before that knowledge was lost.
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
      // There may be room for one of many, and the others may not have been published before.
      if (second !== undefined) return this.publish(about, { publish: [first], nextAt: second });
      // Published before with other data, by one that was removed since: once for each instant all the same.
      if (!isFull) return this.publish(about, { publish: [], nextAt });
      if (!this.held.has(id)) this.hooks.onHeld(path, id);
      this.held.add(id);
      return 'held';
    }
  }
}
