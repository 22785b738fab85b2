import { describe, expect, test } from '@jest/globals';
import type { ScheduleSpec } from '@leanmq/core';

import { useBroker } from '../support/broker.js';
import { eventually } from '../support/eventually.js';
import { DAILY, Recurring, SECONDLY, nextTick, serverNow } from '../support/recurring.js';

const broker = useBroker();
const recurring = new Recurring(broker);

describe('upsert()', () => {
  test('returns the recurring send as it is, and so do get() and list()', async () => {
    const mq = broker.mq();
    const before = await serverNow(broker.redis);
    const made = await mq.schedules.upsert({
      ...{ id: 'a:report/1', path: '/report/', data: [1, null] },
      ...{ cron: '30 2 * * *', timezone: 'Europe/Berlin', ttlMs: 5_000, catchUp: 'all' },
      headers: { a: 'b' },
    });
    expect(made).toEqual({
      ...{ id: 'a:report/1', path: 'report', data: [1, null], headers: { a: 'b' } },
      ...{ cron: '30 2 * * *', timezone: 'Europe/Berlin', everyMs: undefined },
      ...{ ttlMs: 5_000, catchUp: 'all', lastAt: undefined },
      nextAt: await recurring.dueAt('a:report/1'),
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
    // Either process may make it.
    await eventually(
      async () => ((await other.schedules.get('tick'))?.lastAt ?? 0) >= made.createdAt,
      { timeoutMs: 10_000 },
    );
  });

  test('keeps the due time as long as the rule stays the same, whatever else changes', async () => {
    const mq = broker.mq();
    const made = await mq.schedules.upsert(DAILY);
    await recurring.wasDue('report', 4_000_000_000_000);
    const data = { n: 2 };
    const changed = await mq.schedules.upsert({ ...DAILY, data, ttlMs: 9, catchUp: 'none' });
    expect(changed).toMatchObject({ data, ttlMs: 9, catchUp: 'none', nextAt: 4_000_000_000_000 });
    expect(changed.createdAt).toBe(made.createdAt);
    expect(changed.updatedAt).toBeGreaterThanOrEqual(made.updatedAt);
  });

  test.each([[{ cron: '0 4 * * *' }], [{ timezone: 'Asia/Tokyo' }]])(
    'with %j makes the recurring send due by the new rule',
    async (change) => {
      const mq = broker.mq();
      await mq.schedules.upsert(DAILY);
      await recurring.wasDue('report', 4_000_000_000_000);
      const { nextAt } = await mq.schedules.upsert({ ...DAILY, ...change });
      const now = await serverNow(broker.redis);
      expect(nextAt).toBeGreaterThan(now);
      expect(nextAt).toBeLessThanOrEqual(now + 24 * 3_600_000);
      expect(await recurring.dueAt('report')).toBe(nextAt);
    },
  );

  test('with another path moves the recurring send, which is then made there only', async () => {
    const mq = broker.mq();
    await mq.schedules.upsert(SECONDLY);
    await mq.schedules.upsert({ ...SECONDLY, path: '/elsewhere' });
    expect(await broker.redis.exists(recurring.ticks, broker.key('report', 'recurring'))).toBe(0);
    const [only, ...others] = await mq.schedules.list();
    expect([only?.path, others]).toEqual(['elsewhere', []]);
    expect(await nextTick(mq)).toMatchObject({ path: 'elsewhere' });
  });

  test('leaves nothing to be made on the former path after a crash during the move', async () => {
    const mq = broker.mq();
    await mq.schedules.upsert(SECONDLY);
    await mq.publish('/report', 'so that it is swept');
    // Between the two steps of a move.
    await broker.redis.hset(`${broker.prefix}:schedules`, 'tick', '0 elsewhere');
    await eventually(async () => (await broker.redis.exists(recurring.ticks)) === 0);
    expect((await recurring.published()).map(([, data]) => data)).toEqual(['so that it is swept']);
  });

  test('brings the recurring send back into the list when that was lost', async () => {
    const mq = broker.mq();
    await mq.schedules.upsert(SECONDLY);
    await broker.redis.del(`${broker.prefix}:schedules`);
    await nextTick(mq);
    await eventually(async () => (await mq.schedules.list()).length === 1);
  });

  test('refuses invalid options before it calls Redis', async () => {
    const mq = broker.mq({ redis: 'redis://127.0.0.1:1', connectTimeoutMs: 100 });
    const spec = { ...DAILY, everyMs: 1_000 } as unknown as ScheduleSpec;
    await expect(mq.schedules.upsert(spec)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(mq.schedules.get('a b')).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(mq.schedules.remove('')).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});

describe('removing a recurring send', () => {
  test('ends it and says whether it existed', async () => {
    const mq = broker.mq();
    await mq.schedules.upsert(DAILY);
    expect(await broker.mq().schedules.remove('report')).toBe(true);
    expect(await mq.schedules.remove('report')).toBe(false);
    expect(await mq.schedules.list()).toEqual([]);
    const left = await broker.redis.keys(`${broker.prefix}:*`);
    expect(left.filter((key) => /:(ticks|recurring|schedules)$/.test(key))).toEqual([]);
  });

  test('together with its queue ends it too, and nothing revives it', async () => {
    const mq = broker.mq();
    await mq.schedules.upsert(SECONDLY);
    await nextTick(mq);
    await mq.queue('/report').delete();
    expect(await mq.schedules.get('tick')).toBeUndefined();
    expect(await mq.schedules.list()).toEqual([]);
    // After two more instants, nothing has been published.
    await mq.schedules.upsert({ ...SECONDLY, id: 'other', path: '/elsewhere' });
    const log = broker.key('elsewhere', 'log');
    await eventually(async () => (await broker.redis.xlen(log)) >= 2);
    expect(await broker.redis.exists(broker.key('report', 'log'))).toBe(0);
  });

  test('while four processes make it ends it: nothing is published afterwards', async () => {
    const processes = Array.from({ length: 4 }, () => broker.mq());
    await Promise.all(processes.map((mq) => mq.schedules.upsert(SECONDLY)));
    await eventually(async () => (await recurring.published()).length > 0);
    await processes[1]?.schedules.remove('tick');
    const count = (await recurring.published()).length;
    await processes[2]?.schedules.upsert({ ...SECONDLY, id: 'other' });
    await eventually(async () => (await recurring.published()).length >= count + 2);
    const ids = (await recurring.published()).slice(count).map(([id]) => id);
    expect(ids.filter((id) => !id.startsWith('other@'))).toEqual([]);
  });
});

describe('runNow()', () => {
  test('publishes once more and leaves the due time alone', async () => {
    const mq = broker.mq();
    const made = await mq.schedules.upsert({ ...DAILY, headers: { a: 'b' }, ttlMs: 60_000 });
    const { id, outcome } = await mq.schedules.runNow('report');
    expect(outcome).toBe('published');
    expect(await recurring.published()).toEqual([[id, { n: 1 }]]);
    expect(await mq.schedules.get('report')).toEqual(made);
    const [[, fields]] = (await broker.redis.xrange(broker.key('report', 'log'), '-', '+')) as [
      [string, string[]],
    ];
    expect(fields).toEqual(expect.arrayContaining(['h', '{"a":"b"}', 'x']));
  });

  test('refuses an unknown recurring send', async () => {
    await expect(broker.mq().schedules.runNow('never')).rejects.toMatchObject({
      name: 'ConfigError',
      code: 'SCHEDULE_UNKNOWN',
      message: expect.stringContaining('"never"') as unknown,
    });
  });
});
