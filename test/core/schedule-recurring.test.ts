import { describe, expect, test } from '@jest/globals';
import type { LeanMQEvents, ScheduleSpec } from '@leanmq/core';

import { useBroker } from '../support/broker.js';
import { eventually, nextEvent } from '../support/eventually.js';
import { DAILY, Recurring, SECONDLY, nextTick, serverNow } from '../support/recurring.js';

const broker = useBroker();
const recurring = new Recurring(broker);

describe('a recurring send', () => {
  test('is delivered soon after each of its instants, with data and headers', async () => {
    const got: [string, unknown, string | undefined, number][] = [];
    const mq = await broker.consume('/report', async ({ id, data, headers }) => {
      got.push([id, data, headers['from'], await serverNow(broker.redis)]);
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

  test('is published once per instant, however many processes keep its queue', async () => {
    const processes = Array.from({ length: 4 }, () => broker.mq());
    const made: number[] = [];
    for (const { events } of processes) events.on('ticked', ({ dueAt: at }) => made.push(at));
    await Promise.all(processes.map((mq) => mq.schedules.upsert(SECONDLY)));
    await eventually(() => made.length >= 3, { timeoutMs: 10_000 });
    expect([...new Set(made)]).toEqual(made);
    const ids = (await recurring.published()).map(([id]) => id);
    const first = Number(ids[0]?.split('@')[1]);
    expect(ids).toEqual(ids.map((_, n) => `tick@${first + n * 1_000}`));
  });

  test('is made by a process that existed before it, and continues when its maker has gone', async () => {
    const other = broker.mq();
    await other.connect();
    const maker = broker.mq();
    await maker.schedules.upsert(SECONDLY);
    await maker.close();
    const { schedule, ids, dueAt: at, nextAt } = await nextTick(other);
    expect([schedule, ids, nextAt]).toEqual(['tick', [`tick@${at}`], at + 1_000]);
  });

  test('gives each of its messages a time to live, counted from its publication', async () => {
    const mq = broker.mq();
    await mq.schedules.upsert({ ...SECONDLY, ttlMs: 60_000 });
    await recurring.wasDue('tick', (await serverNow(broker.redis)) - 10_000);
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

  test('waits while its queue is full, and is not lost', async () => {
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
    expect((await recurring.published()).map(([id]) => id)).toEqual(ids);
  });

  test('that cannot be made does not hold up the others', async () => {
    const mq = broker.mq();
    await mq.schedules.upsert({ ...DAILY, id: 'broken' });
    await broker.redis.hset(broker.key('report', 'recurring'), 'rule:broken', '{"moon":"full"}');
    await recurring.wasDue('broken', 1);
    const fault = nextEvent<LeanMQEvents['fault'][0]>(mq.events, 'fault');
    await mq.schedules.upsert(SECONDLY);
    await nextTick(mq);
    expect((await fault).error.message).toMatch(/this version does not know/);
    expect(await recurring.dueAt('broken')).toBe(1);
  });
});

describe('an instant that was missed while no process was running', () => {
  const HOUR = 3_600_000;

  /** Makes an hourly send that was first due `hours` hours ago, and lets one process find it. */
  async function afterHours(
    hours: number,
    change: Partial<Pick<ScheduleSpec, 'catchUp'>>,
  ): Promise<{ hour: number; tick: LeanMQEvents['ticked'][0] }> {
    const maker = broker.mq();
    await maker.schedules.upsert({ ...DAILY, ...change, cron: '0 * * * *' });
    await maker.close();
    const hour = Math.floor((await serverNow(broker.redis)) / HOUR) * HOUR;
    await recurring.wasDue('report', hour - hours * HOUR);
    const late = broker.mq();
    const ticked = nextTick(late);
    await late.connect();
    return { hour, tick: await ticked };
  }

  test('is made up for by one message, for the last instant, by default', async () => {
    const { hour, tick } = await afterHours(5, {});
    expect(tick).toMatchObject({ ids: [`report@${hour}`], nextAt: hour + HOUR });
    expect(await recurring.published()).toEqual([[`report@${hour}`, { n: 1 }]]);
  });

  test('is skipped with catchUp "none"', async () => {
    const { hour, tick } = await afterHours(5, { catchUp: 'none' });
    // In the first minute of an hour, the last instant does not count as missed yet.
    const isFresh = (await serverNow(broker.redis)) - hour <= 60_000;
    expect(tick).toMatchObject({ nextAt: hour + HOUR });
    expect(isFresh || tick.ids.length === 0).toBe(true);
    expect(await recurring.dueAt('report')).toBe(hour + HOUR);
  });

  test('is made up for with catchUp "all", one by one and in order', async () => {
    const { hour } = await afterHours(250, { catchUp: 'all' });
    await eventually(async () => (await recurring.dueAt('report')) === hour + HOUR);
    expect((await recurring.published()).map(([id]) => id)).toEqual(
      Array.from({ length: 251 }, (_, n) => `report@${hour - (250 - n) * HOUR}`),
    );
  });

  test('is found by a process that comes back and upserts the recurring send again', async () => {
    const before = broker.mq();
    await before.schedules.upsert(DAILY);
    await before.close();
    await recurring.wasDue('report', 1_000_000);
    const after = broker.mq();
    const ticked = nextTick(after);
    await after.schedules.upsert(DAILY);
    expect((await ticked).dueAt).toBe(1_000_000);
  });

  test('is not published again if it was published before', async () => {
    const mq = broker.mq();
    await mq.schedules.upsert(SECONDLY);
    const { dueAt: at } = await nextTick(mq);
    // The positions are lost, but not what was published.
    await recurring.wasDue('tick', at);
    await nextTick(mq);
    await mq.schedules.upsert({ ...SECONDLY, data: 'other' });
    await recurring.wasDue('tick', at);
    await nextTick(mq);
    const ids = (await recurring.published()).map(([id]) => id);
    expect(ids.filter((id) => id === `tick@${at}`)).toHaveLength(1);
  });
});
