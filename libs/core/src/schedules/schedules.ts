import { ConfigError, UndecodableError } from '../errors.js';
import type { MessageHeaders, MessageLimits } from '../message/index.js';
import type { CallOptions } from '../redis/index.js';
import { encodeSchedule, validScheduleId, type EncodedSchedule } from './encode.js';
import type { Home, Homes } from './homes.js';
import { ruleOf } from './rules.js';
import type { Schedule, ScheduleSpec } from './schedule.js';
import type { ScheduleStore } from './store.js';

export interface SchedulesHooks<Result> {
  /** Resolves when there is a connection, or when one is being waited for. */
  connect: () => Promise<void>;
  publish: (
    path: string,
    data: unknown,
    options: { readonly headers: MessageHeaders; readonly ttlMs?: number },
  ) => Promise<Result>;
  /** Registers a path. */
  addRoute: (path: string) => Promise<void>;
  /** Reports when a recurring send of this process is due next, epoch ms. */
  onPlanned: (path: string, nextAt: number) => void;
  /** Reports a stored recurring send that this version cannot read. */
  onUnreadable: (path: string, id: string, error: Error) => void;
  /** Returns the API for a call with its own limits. @throws {ConfigError} for limits that are not valid */
  within: (call: CallOptions) => Schedules<Result>;
}

// Each may hold a payload of the maximum size.
const READ_TOGETHER = 25;

/**
 * Recurring sends: a message on a path at each instant of a rule. They are stored in Redis and published by whichever
 * process sweeps their route, once per instant.
 */
export class Schedules<Result = unknown> {
  constructor(
    private readonly homes: Homes,
    private readonly store: ScheduleStore,
    private readonly limits: MessageLimits,
    private readonly hooks: SchedulesHooks<Result>,
  ) {}

  /**
   * Creates a recurring send, or changes the one with this id. While its rule stays the same, its next instant stays as
   * well; a new rule is due at its next instant from now on.
   *
   * @param call limits of this call
   * @throws {ConfigError | MessageError} for a value that is not valid
   */
  async upsert(spec: ScheduleSpec, call?: CallOptions): Promise<Schedule> {
    if (call !== undefined) return this.hooks.within(call).upsert(spec);
    const schedule = encodeSchedule(spec, this.limits);
    const rule = await ruleOf(schedule.rule, schedule.id);
    await this.hooks.connect();
    const first = rule.next(await this.store.now());
    if (first === Infinity)
      throw ConfigError.option('cron', spec.cron, 'an expression with a future instant');
    const nextAt = await this.put(schedule, first);
    const { id, path } = schedule;
    this.hooks.onPlanned(path, nextAt);
    const stored = await this.store.get(path, id);
    if (stored === undefined) throw unknown(id);
    return stored;
  }

  /**
   * Lists all recurring sends by id. One that this version cannot read is left out, and an event `warning` names it.
   *
   * @param call limits of this call
   */
  async list(call?: CallOptions): Promise<Schedule[]> {
    if (call !== undefined) return this.hooks.within(call).list();
    await this.hooks.connect();
    const homes = (await this.homes.all()).sort((a, b) => (a.id < b.id ? -1 : 1));
    const schedules: Schedule[] = [];
    for (let from = 0; from < homes.length; from += READ_TOGETHER) {
      const some = homes.slice(from, from + READ_TOGETHER);
      const found = await Promise.all(some.map((home) => this.readable(home)));
      schedules.push(...found.filter((schedule) => schedule !== undefined));
    }
    return schedules;
  }

  private async readable({ id, path }: Home): Promise<Schedule | undefined> {
    try {
      return await this.store.get(path, id);
    } catch (error) {
      if (!(error instanceof UndecodableError)) throw error;
      this.hooks.onUnreadable(path, id, error);
      return undefined;
    }
  }

  /**
   * Returns a recurring send by its id; undefined if it does not exist.
   *
   * @param call limits of this call
   */
  async get(id: string, call?: CallOptions): Promise<Schedule | undefined> {
    if (call !== undefined) return this.hooks.within(call).get(id);
    validScheduleId(id);
    await this.hooks.connect();
    const home = await this.homes.of(id);
    return home === undefined ? undefined : this.store.get(home.path, id);
  }

  /**
   * Removes a recurring send. Messages that it has published stay.
   *
   * @param call limits of this call
   * @returns true when it existed
   */
  async remove(id: string, call?: CallOptions): Promise<boolean> {
    if (call !== undefined) return this.hooks.within(call).remove(id);
    validScheduleId(id);
    await this.hooks.connect();
    const home = await this.homes.of(id);
    if (home === undefined) return false;
    // In this order, a crash leaves at worst a home without a send.
    const wasThere = await this.store.remove(home.path, id);
    const wasListed = await this.homes.remove(id);
    return wasThere || wasListed;
  }

  /**
   * Publishes its message now, in addition to its rule. The message gets its own id, like that of any send.
   *
   * @param call limits of this call
   * @throws {ConfigError} if no recurring send has this id
   */
  async runNow(id: string, call?: CallOptions): Promise<Result> {
    if (call !== undefined) return this.hooks.within(call).runNow(id);
    const schedule = await this.get(id);
    if (schedule === undefined) throw unknown(id);
    const { path, data, headers, ttlMs } = schedule;
    return this.hooks.publish(path, data, { headers, ...(ttlMs !== undefined && { ttlMs }) });
  }

  /**
   * Writes the home, then the send: an entry elsewhere under the same id is no longer published, so a crash in between
   * leaves no send that is published twice.
   */
  private async put(schedule: EncodedSchedule, first: number): Promise<number> {
    const { id, path } = schedule;
    await this.hooks.addRoute(path);
    const before = await this.homes.of(id);
    if (before?.path !== path) await this.homes.set({ id, path, plannedAt: 0 });
    const { state, nextAt } = await this.store.put(schedule, first);
    // This change makes other processes look at the route.
    if (state === 'planned') await this.homes.set({ id, path, plannedAt: nextAt });
    if (before !== undefined && before.path !== path) await this.store.remove(before.path, id);
    return nextAt;
  }
}

function unknown(id: string): ConfigError {
  return new ConfigError(`There is no recurring send with the id "${id}".`, {
    code: 'SCHEDULE_UNKNOWN',
  });
}
