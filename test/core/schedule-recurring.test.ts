import { describe, expect, test } from '@jest/globals';
import type { LeanMQ, LeanMQEvents, ScheduleSpec } from '@leanmq/core';

import { useBroker } from '../support/broker.js';
import { eventually, nextEvent } from '../support/eventually.js';

const broker = useBroker();

const DAILY = { id: 'report', path: '/report', cron: '0 3 * * *', data: { n: 1 } } as const;
const SECONDLY = { id: 'tick', path: '/report', everyMs: 1_000, data: 'tick' } as const;

async function serverNow(): Promise<number> {
  const [seconds, micros] = (await broker.redis.time()).map(Number) as [number, number];
  return seconds * 1_000 + Math.floor(micros / 1_000);
}

const ticks = (): string => broker.key('report', 'ticks');
const dueAt = async (id: string): Promise<number> => Number(await broker.redis.zscore(ticks(), id));

/** As if the recurring send had been due then, and nobody there. */
async function wasDue(id: string, at: number): Promise<void> {
  await broker.redis.zadd(ticks(), at, id);
}

/** Ids and payloads of what is on the log. */
async function published(): Promise<[id: string, data: unknown][]> {
  const entries = await broker.redis.xrange(broker.key('report', 'log'), '-', '+');
  return entries.map(([entryId, fields]) => {
    const at = fields.indexOf('i');
    const id = at < 0 ? entryId : (fields[at + 1] as string);
    return [id, JSON.parse(fields[1] as string) as unknown];
  });
}

const nextTick = (mq: LeanMQ): Promise<LeanMQEvents['ticked'][0]> =>
  nextEvent<LeanMQEvents['ticked'][0]>(mq.events, 'ticked', { timeoutMs: 10_000 });

describe('a recurring send', () => {
  test('is delivered at its instants and soon, with data and headers', async () => {
    const got: [string, unknown, string | undefined, number][] = [];
    const mq = await broker.consume('/report', async ({ id, data, headers }) => {
      got.push([id, data, headers['from'], await serverNow()]);
    });
    await mq.schedules.upsert({ ...SECONDLY, headers: { from: 'test' } });
    await eventually(() => got.length >= 3, { timeoutMs: 10_000 });
    const first = Number(got[0]?.[0].split('@')[1]);
    expect(first % 1_000).toBe(0);
    expect(got.map(([id, data, from]) => [id, data, from])).toEqual(
      got.map((_, n) => [`tick@${first + n * 1_000}`, 'tick', 'test']),
    );
    const late = got.map(([id, , , at]) => at - Number(id.split('@')[1])).sort((a, b) => a - b);
    expect(late[0]).toBeGreaterThanOrEqual(0);
    expect(late[1]).toBeLessThan(250);
  });

  test('is published once for each instant, however many processes keep its route', async () => {
    const processes = Array.from({ length: 4 }, () => broker.mq());
    const made: number[] = [];
    for (const { events } of processes) events.on('ticked', ({ dueAt: at }) => made.push(at));
    await Promise.all(processes.map((mq) => mq.schedules.upsert(SECONDLY)));
    await eventually(() => made.length >= 3, { timeoutMs: 10_000 });
    expect([...new Set(made)]).toEqual(made);
    const ids = (await published()).map(([id]) => id);
    const first = Number(ids[0]?.split('@')[1]);
    expect(ids).toEqual(ids.map((_, n) => `tick@${first + n * 1_000}`));
  });

  test('is made by a process that was there before it, and goes on when its maker has gone', async () => {
    const other = broker.mq();
    await other.connect();
    const maker = broker.mq();
    await maker.schedules.upsert(SECONDLY);
    await maker.close();
    const { schedule, ids, dueAt: at, nextAt } = await nextTick(other);
    expect([schedule, ids, nextAt]).toEqual(['tick', [`tick@${at}`], at + 1_000]);
  });

  test('has a time to live for each of its messages, from when it is published', async () => {
    const mq = broker.mq();
    await mq.schedules.upsert({ ...SECONDLY, ttlMs: 60_000 });
    await wasDue('tick', (await serverNow()) - 10_000);
    await nextTick(mq);
    const [[entryId, fields]] = (await broker.redis.xrange(
      broker.key('report', 'log'),
      '-',
      '+',
    )) as [[string, string[]]];
    const ttlMs = Number(fields[fields.indexOf('x') + 1]) - Number.parseInt(entryId, 10);
    // The two clock readings of a script may differ by a moment.
    expect(Math.abs(ttlMs - 60_000)).toBeLessThan(1_000);
    expect(await broker.redis.zcard(broker.key('report', 'expiry'))).toBeGreaterThan(0);
  });

  test('waits while its route is full, and is not lost', async () => {
    const mq = broker.mq();
    await mq.connect();
    await broker.redis
      .multi()
      .hset(`${broker.prefix}:routes`, 'setting:maxLength:report', '1')
      .hincrby(`${broker.prefix}:routes`, 'version', 1)
      .exec();
    const full = async (): Promise<unknown> =>
      mq
        .publish('/report', 'fills it')
        .catch((error: unknown) => (error as { code?: string }).code);
    await eventually(async () => (await full()) === 'ROUTE_FULL');
    const warned = nextEvent<LeanMQEvents['warning'][0]>(mq.events, 'warning', {
      timeoutMs: 10_000,
    });
    await mq.schedules.upsert(SECONDLY);
    expect(await warned).toMatchObject({ code: 'SCHEDULE_HELD' });
    await broker.redis.del(broker.key('report', 'log'));
    const { ids } = await nextTick(mq);
    expect((await published()).map(([id]) => id)).toEqual(ids);
  });

  test('that cannot be made does not hold up the others', async () => {
    const mq = broker.mq();
    await mq.schedules.upsert({ ...DAILY, id: 'broken' });
    await broker.redis.hset(broker.key('report', 'recurring'), 'rule:broken', '{"moon":"full"}');
    await wasDue('broken', 1);
    const fault = nextEvent<LeanMQEvents['fault'][0]>(mq.events, 'fault');
    await mq.schedules.upsert(SECONDLY);
    await nextTick(mq);
    expect((await fault).error.message).toMatch(/this version does not know/);
    expect(await dueAt('broken')).toBe(1);
  });
});

describe('what was missed while no process was there', () => {
  const HOUR = 3_600_000;

  /** Makes an hourly send that was due first so many hours ago, and lets one process find it. */
  async function afterHours(
    hours: number,
    change: Partial<Pick<ScheduleSpec, 'catchUp'>>,
  ): Promise<{ hour: number; tick: LeanMQEvents['ticked'][0] }> {
    const maker = broker.mq();
    await maker.schedules.upsert({ ...DAILY, ...change, cron: '0 * * * *' });
    await maker.close();
    const hour = Math.floor((await serverNow()) / HOUR) * HOUR;
    await wasDue('report', hour - hours * HOUR);
    const late = broker.mq();
    const ticked = nextTick(late);
    await late.connect();
    return { hour, tick: await ticked };
  }

  test('is made up for by one message for the last instant, unless told otherwise', async () => {
    const { hour, tick } = await afterHours(5, {});
    expect(tick).toMatchObject({ ids: [`report@${hour}`], nextAt: hour + HOUR });
    expect(await published()).toEqual([[`report@${hour}`, { n: 1 }]]);
  });

  test('is skipped with catchUp "none"', async () => {
    const { hour, tick } = await afterHours(5, { catchUp: 'none' });
    // In the first minute of an hour the last instant is not missed yet.
    const isFresh = (await serverNow()) - hour <= 60_000;
    expect(tick).toMatchObject({ nextAt: hour + HOUR });
    expect(isFresh || tick.ids.length === 0).toBe(true);
    expect(await dueAt('report')).toBe(hour + HOUR);
  });

  test('is made up for instant by instant with catchUp "all", in their order', async () => {
    const { hour } = await afterHours(250, { catchUp: 'all' });
    await eventually(async () => (await dueAt('report')) === hour + HOUR);
    expect((await published()).map(([id]) => id)).toEqual(
      Array.from({ length: 251 }, (_, n) => `report@${hour - (250 - n) * HOUR}`),
    );
  });

  test('is found by a process that comes back and says again what is to recur', async () => {
    const before = broker.mq();
    await before.schedules.upsert(DAILY);
    await before.close();
    await wasDue('report', 1_000_000);
    const after = broker.mq();
    const ticked = nextTick(after);
    await after.schedules.upsert(DAILY);
    expect((await ticked).dueAt).toBe(1_000_000);
  });

  test('an instant that was published before is not published again', async () => {
    const mq = broker.mq();
    await mq.schedules.upsert(SECONDLY);
    const { dueAt: at } = await nextTick(mq);
    // The positions are lost, but not what was published.
    await wasDue('tick', at);
    await nextTick(mq);
    await mq.schedules.upsert({ ...SECONDLY, data: 'other' });
    await wasDue('tick', at);
    await nextTick(mq);
    const ids = (await published()).map(([id]) => id);
    expect(ids.filter((id) => id === `tick@${at}`)).toHaveLength(1);
  });
});

describe('upsert', () => {
  test('tells how it is, and so do get and list', async () => {
    const mq = broker.mq();
    const before = await serverNow();
    const made = await mq.schedules.upsert({
      ...{ id: 'a:report/1', path: '/report/', data: [1, null] },
      ...{ cron: '30 2 * * *', timezone: 'Europe/Berlin', ttlMs: 5_000, catchUp: 'all' },
      headers: { a: 'b' },
    });
    expect(made).toEqual({
      ...{ id: 'a:report/1', path: 'report', data: [1, null], headers: { a: 'b' } },
      ...{ cron: '30 2 * * *', timezone: 'Europe/Berlin', everyMs: undefined },
      ...{ ttlMs: 5_000, catchUp: 'all', lastAt: undefined },
      nextAt: await dueAt('a:report/1'),
      createdAt: made.createdAt,
      updatedAt: made.createdAt,
    });
    expect(made.createdAt).toBeGreaterThanOrEqual(before);
    expect(made.nextAt).toBeGreaterThan(before);
    await mq.schedules.upsert(SECONDLY);
    const other = broker.mq();
    expect(await other.schedules.get('a:report/1')).toEqual(made);
    expect((await other.schedules.list()).map(({ id }) => id)).toEqual(['a:report/1', 'tick']);
    expect(await other.schedules.get('never')).toBeUndefined();
    const { dueAt: at } = await nextTick(mq);
    expect((await other.schedules.get('tick'))?.lastAt).toBeGreaterThanOrEqual(at);
  });

  test('keeps when it is due as long as the rule is the same, whatever else changes', async () => {
    const mq = broker.mq();
    const made = await mq.schedules.upsert(DAILY);
    await wasDue('report', 4_000_000_000_000);
    const data = { n: 2 };
    const changed = await mq.schedules.upsert({ ...DAILY, data, ttlMs: 9, catchUp: 'none' });
    expect(changed).toMatchObject({ data, ttlMs: 9, catchUp: 'none', nextAt: 4_000_000_000_000 });
    expect(changed.createdAt).toBe(made.createdAt);
    expect(changed.updatedAt).toBeGreaterThanOrEqual(made.updatedAt);
  });

  test.each([[{ cron: '0 4 * * *' }], [{ timezone: 'Asia/Tokyo' }]])(
    'with %j it is due by the new rule',
    async (change) => {
      const mq = broker.mq();
      await mq.schedules.upsert(DAILY);
      await wasDue('report', 4_000_000_000_000);
      const { nextAt } = await mq.schedules.upsert({ ...DAILY, ...change });
      const now = await serverNow();
      expect(nextAt).toBeGreaterThan(now);
      expect(nextAt).toBeLessThanOrEqual(now + 24 * 3_600_000);
      expect(await dueAt('report')).toBe(nextAt);
    },
  );

  test('with another path it moves there, and is made there only', async () => {
    const mq = broker.mq();
    await mq.schedules.upsert(SECONDLY);
    await mq.schedules.upsert({ ...SECONDLY, path: '/elsewhere' });
    expect(await broker.redis.exists(ticks(), broker.key('report', 'recurring'))).toBe(0);
    const [only, ...others] = await mq.schedules.list();
    expect([only?.path, others]).toEqual(['elsewhere', []]);
    expect(await nextTick(mq)).toMatchObject({ path: 'elsewhere' });
  });

  test('one that a crash left behind on its former path is not made there', async () => {
    const mq = broker.mq();
    await mq.schedules.upsert(SECONDLY);
    await mq.publish('/report', 'so that it is swept');
    // Between the two steps of a move.
    await broker.redis.hset(`${broker.prefix}:schedules`, 'tick', '0 elsewhere');
    await eventually(async () => (await broker.redis.exists(ticks())) === 0);
    expect((await published()).map(([, data]) => data)).toEqual(['so that it is swept']);
  });

  test('comes back into the list when that was lost', async () => {
    const mq = broker.mq();
    await mq.schedules.upsert(SECONDLY);
    await broker.redis.del(`${broker.prefix}:schedules`);
    await nextTick(mq);
    await eventually(async () => (await mq.schedules.list()).length === 1);
  });

  test('refuses what is not acceptable before it asks Redis', async () => {
    const mq = broker.mq({ redis: 'redis://127.0.0.1:1', connectTimeoutMs: 100 });
    const spec = { ...DAILY, everyMs: 1_000 } as unknown as ScheduleSpec;
    await expect(mq.schedules.upsert(spec)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(mq.schedules.get('a b')).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(mq.schedules.remove('')).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});

describe('remove', () => {
  test('ends it, and says whether there was one', async () => {
    const mq = broker.mq();
    await mq.schedules.upsert(DAILY);
    expect(await broker.mq().schedules.remove('report')).toBe(true);
    expect(await mq.schedules.remove('report')).toBe(false);
    expect(await mq.schedules.list()).toEqual([]);
    const left = await broker.redis.keys(`${broker.prefix}:*`);
    expect(left.filter((key) => /:(ticks|recurring|schedules)$/.test(key))).toEqual([]);
  });

  test('of its queue ends it too, and nothing revives that', async () => {
    const mq = broker.mq();
    await mq.schedules.upsert(SECONDLY);
    await nextTick(mq);
    await mq.queue('/report').delete();
    expect(await mq.schedules.get('tick')).toBeUndefined();
    expect(await mq.schedules.list()).toEqual([]);
    // Two instants later nothing has come of it.
    await mq.schedules.upsert({ ...SECONDLY, id: 'other', path: '/elsewhere' });
    const log = broker.key('elsewhere', 'log');
    await eventually(async () => (await broker.redis.xlen(log)) >= 2);
    expect(await broker.redis.exists(broker.key('report', 'log'))).toBe(0);
  });

  test('while it is made in four processes: nothing comes after it', async () => {
    const processes = Array.from({ length: 4 }, () => broker.mq());
    await Promise.all(processes.map((mq) => mq.schedules.upsert(SECONDLY)));
    await eventually(async () => (await published()).length > 0);
    await processes[1]?.schedules.remove('tick');
    const count = (await published()).length;
    await processes[2]?.schedules.upsert({ ...SECONDLY, id: 'other' });
    await eventually(async () => (await published()).length >= count + 2);
    const ids = (await published()).slice(count).map(([id]) => id);
    expect(ids.filter((id) => !id.startsWith('other@'))).toEqual([]);
  });
});

describe('run now', () => {
  test('publishes once more, and leaves alone when it is due', async () => {
    const mq = broker.mq();
    const made = await mq.schedules.upsert({ ...DAILY, headers: { a: 'b' }, ttlMs: 60_000 });
    const { id, outcome } = await mq.schedules.runNow('report');
    expect(outcome).toBe('published');
    expect(await published()).toEqual([[id, { n: 1 }]]);
    expect(await mq.schedules.get('report')).toEqual(made);
    const [[, fields]] = (await broker.redis.xrange(broker.key('report', 'log'), '-', '+')) as [
      [string, string[]],
    ];
    expect(fields).toEqual(expect.arrayContaining(['h', '{"a":"b"}', 'x']));
  });

  test('refuses one that is not there', async () => {
    await expect(broker.mq().schedules.runNow('never')).rejects.toMatchObject({
      name: 'ConfigError',
      code: 'SCHEDULE_UNKNOWN',
      message: expect.stringContaining('"never"') as unknown,
    });
  });
});
