import { defineScript, lua, serverTime, type Connection, type Keys } from '../redis/index.js';
import type { EncodedSchedule } from './encode.js';
import type { Home } from './homes.js';
import type { Schedule } from './schedule.js';
import { fieldsOf, scheduleOf, storedOf, type Stored } from './stored.js';

const putScript = defineScript({
  lua: lua.putRecurringLua,
  keys: ['recurring', 'ticks'],
  args: ['id', 'rule', 'send', 'data', 'headers', 'nextAt'],
  reply: (raw) => {
    const [state, nextAt] = raw as ['planned' | 'kept', string];
    return { state, nextAt: Number(nextAt) };
  },
});

/** Due instant of a recurring send. */
export interface DueAt {
  readonly id: string;
  /** Epoch ms. */
  readonly dueAt: number;
}

/** Recurring sends of a route: a hash of their contents, and a sorted set of their due instants. */
export class ScheduleStore {
  constructor(
    private readonly connection: Connection,
    private readonly keys: Keys,
  ) {}

  put(
    { id, path, rule, send, data, headers }: EncodedSchedule,
    nextAt: number,
  ): Promise<{ state: 'planned' | 'kept'; nextAt: number }> {
    const { recurring, ticks } = this.keys.route(path);
    const args = {
      id,
      rule: JSON.stringify(rule),
      send: JSON.stringify(send),
      data,
      headers,
      nextAt,
    };
    return this.connection.run((client) => putScript.run(client, { recurring, ticks }, args));
  }

  /** @returns true when it existed */
  remove(path: string, id: string): Promise<boolean> {
    const { recurring, ticks } = this.keys.route(path);
    return this.connection.run(async (client) => {
      const replies = await client
        .multi()
        .zrem(ticks, id)
        .hdel(recurring, ...fieldsOf(id))
        .exec();
      return valuesOf<number>(replies).some((removed) => removed > 0);
    });
  }

  async get(path: string, id: string): Promise<Schedule | undefined> {
    const { recurring, ticks } = this.keys.route(path);
    const [values, nextAt] = await this.connection.run(async (client) =>
      valuesOf<(string | null)[] | string | null>(
        await client
          .multi()
          .hmget(recurring, ...fieldsOf(id))
          .zscore(ticks, id)
          .exec(),
      ),
    );
    const stored = storedOf(values as (string | null)[]);
    return scheduleOf(id, path, stored, nextAt as string | null);
  }

  /** Returns recurring sends due at that instant, the longest overdue first. */
  async due(path: string, nowMs: number, limit: number): Promise<DueAt[]> {
    const { ticks } = this.keys.route(path);
    const found = await this.connection.run((client) =>
      client.zrangebyscore(ticks, '-inf', nowMs, 'WITHSCORES', 'LIMIT', 0, limit),
    );
    return pairs(found).map(([id, at]) => ({ id, dueAt: Number(at) }));
  }

  /** Returns the first due instant after `nowMs`, epoch ms. */
  async nextAfter(path: string, nowMs: number): Promise<number | undefined> {
    const { ticks } = this.keys.route(path);
    const [, at] = await this.connection.run((client) =>
      client.zrangebyscore(ticks, `(${nowMs}`, '+inf', 'WITHSCORES', 'LIMIT', 0, 1),
    );
    return at === undefined ? undefined : Number(at);
  }

  async read(path: string, id: string): Promise<Stored> {
    const { recurring } = this.keys.route(path);
    return storedOf(
      await this.connection.run((client) => client.hmget(recurring, ...fieldsOf(id))),
    );
  }

  /** Returns the recurring sends that no longer exist on their routes. */
  async gone(homes: readonly Home[]): Promise<Home[]> {
    const places = await this.connection.run((client) =>
      Promise.allSettled(
        homes.map(({ id, path }) => client.zscore(this.keys.route(path).ticks, id)),
      ),
    );
    return homes.filter((_, index) => {
      const place = places[index];
      return place?.status === 'fulfilled' && place.value === null;
    });
  }

  now(): Promise<number> {
    return this.connection.run(serverTime);
  }
}

function valuesOf<T>(replies: [Error | null, unknown][] | null): T[] {
  return (replies ?? []).map(([error, value]) => {
    if (error !== null) throw error;
    return value as T;
  });
}

function pairs(flat: readonly string[]): [string, string][] {
  const list: [string, string][] = [];
  for (let index = 0; index + 1 < flat.length; index += 2) {
    list.push([flat[index] as string, flat[index + 1] as string]);
  }
  return list;
}
