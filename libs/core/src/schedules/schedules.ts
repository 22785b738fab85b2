import { ConfigError, UndecodableError } from '../errors.js';
import type { MessageHeaders, MessageLimits } from '../message/index.js';
import type { CallOptions } from '../redis/index.js';
import { encodeSchedule, validScheduleId, type EncodedSchedule } from './encode.js';
import type { Home, Homes } from './homes.js';
import { ruleOf } from './rules.js';
import type { Schedule, ScheduleSpec } from './schedule.js';
import type { ScheduleStore } from './store.js';

export interface SchedulesHooks<Result> {
  /** Resolves when there is a connection, or one is waited for. */
  connect: () => Promise<void>;
  publish: (
    path: string,
    data: unknown,
    options: { readonly headers: MessageHeaders; readonly ttlMs?: number },
  ) => Promise<Result>;
  /** Makes a path known. */
  addRoute: (path: string) => Promise<void>;
  /** A recurring send of this process is due then, epoch ms. */
  onPlanned: (path: string, nextAt: number) => void;
  /** What is stored of one cannot be read by this version. */
  onUnreadable: (path: string, id: string, error: Error) => void;
  /** The same recurring sends for a call with limits of its own. @throws {ConfigError} for what is not acceptable */
  within: (call: CallOptions) => Schedules<Result>;
}

// Each may hold a payload of the largest size.
const READ_TOGETHER = 25;

/**
 * Recurring sends: a message on a path at each instant of a rule. They are kept in Redis and made by whichever process
 * sweeps their route, once for each instant.
 */
export class Schedules<Result = unknown> {
  constructor(
    private readonly homes: Homes,
    private readonly store: ScheduleStore,
    private readonly limits: MessageLimits,
    private readonly hooks: SchedulesHooks<Result>,
  ) {}

  /**
   * Makes a recurring send, or changes the one with this id. As long as its rule stays the same it stays due when it
   * was; with another rule it is due at the next instant of that from now on.
   *
   * @param call limits of this call
   * @throws {ConfigError | MessageError} for what is not acceptable
   */
  async upsert(spec: ScheduleSpec, call?: CallOptions): Promise<Schedule> {
    if (call !== undefined) return this.hooks.within(call).upsert(spec);
    const schedule = encodeSchedule(spec, this.limits);
    const rule = await ruleOf(schedule.rule, schedule.id);
    await this.hooks.connect();
    const first = rule.next(await this.store.now());
    if (first === Infinity) throw ConfigError.option('cron', spec.cron, 'one that is due again');
    const nextAt = await this.put(schedule, first);
    const { id, path } = schedule;
    this.hooks.onPlanned(path, nextAt);
    const stored = await this.store.get(path, id);
    if (stored === undefined) throw unknown(id);
    return stored;
  }

  /**
   * All of them, by id. One that this version cannot read is left out, and an event `warning` names it.
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
   * One by its id; undefined if there is none.
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
   * Ends a recurring send. What it has published stays.
   *
   * @param call limits of this call
   * @returns whether there was one
   */
  async remove(id: string, call?: CallOptions): Promise<boolean> {
    if (call !== undefined) return this.hooks.within(call).remove(id);
    validScheduleId(id);
    await this.hooks.connect();
    const home = await this.homes.of(id);
    if (home === undefined) return false;
    // In this order, what is left by a crash is an entry that leads to nothing.
    const wasThere = await this.store.remove(home.path, id);
    const wasListed = await this.homes.remove(id);
    return wasThere || wasListed;
  }

  /**
   * Publishes its message now, besides what its rule says. The message has an id of its own, like that of any send.
   *
   * @param call limits of this call
   * @throws {ConfigError} if there is none with this id
   */
  async runNow(id: string, call?: CallOptions): Promise<Result> {
    if (call !== undefined) return this.hooks.within(call).runNow(id);
    const schedule = await this.get(id);
    if (schedule === undefined) throw unknown(id);
    const { path, data, headers, ttlMs } = schedule;
    return this.hooks.publish(path, data, { headers, ...(ttlMs !== undefined && { ttlMs }) });
  }

  /**
   * Where it lives is written first: whatever is elsewhere under its id is not made any more, so that no crash in
   * between leaves one that is made twice.
   */
  private async put(schedule: EncodedSchedule, first: number): Promise<number> {
    const { id, path } = schedule;
    await this.hooks.addRoute(path);
    const before = await this.homes.of(id);
    if (before?.path !== path) await this.homes.set({ id, path, plannedAt: 0 });
    const { state, nextAt } = await this.store.put(schedule, first);
    // Other processes look at the route when this has changed.
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
