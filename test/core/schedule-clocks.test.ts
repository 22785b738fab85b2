import { expect, test } from '@jest/globals';
import type { LeanMQEvents, ScheduleSpec } from '@leanmq/core';

import { useBroker } from '../support/broker.js';
import { eventually } from '../support/eventually.js';
import { DAILY, Recurring, serverNow } from '../support/recurring.js';

const broker = useBroker();
const recurring = new Recurring(broker);

const HOUR = 3_600_000;
const HOURLY: ScheduleSpec = {
  ...DAILY,
  ...{ cron: '15 * * * *', timezone: 'Australia/Lord_Howe', catchUp: 'all' },
};

test('an hourly send continues across a clock change of half an hour', async () => {
  const mq = broker.mq();
  const told: LeanMQEvents['ticked'][0][] = [];
  mq.events.on('ticked', (tick) => told.push(tick));
  await mq.schedules.upsert(HOURLY);
  // Shortly before the clocks went back from 2:00 to 1:30, on 4 April at 15:00 UTC.
  await recurring.wasDue('report', Date.parse('2026-04-04T14:15Z'));
  const rest = Math.ceil(
    ((await serverNow(broker.redis)) - Date.parse('2026-04-04T14:15Z')) / HOUR,
  );
  await eventually(() => told.flatMap(({ ids }) => ids).length >= Math.min(rest, 300), {
    timeoutMs: 20_000,
  });
  const instants = told.flatMap(({ ids }) => ids.map((id) => id.split('@')[1]));
  expect(
    instants.slice(0, 3).map((at) => new Date(Number(at)).toISOString().slice(11, 16)),
  ).toEqual(['14:15', '15:45', '16:45']);
  await eventually(
    async () => (await recurring.dueAt('report')) > (await serverNow(broker.redis)),
    { timeoutMs: 60_000 },
  );
  expect(await recurring.dueAt('report')).toBeLessThan((await serverNow(broker.redis)) + 2 * HOUR);
}, 120_000);

test('a recurring send that an earlier version considered ended is due again after an upsert', async () => {
  const mq = broker.mq();
  await mq.schedules.upsert(DAILY);
  await recurring.wasDue('report', 253_402_300_799_999);
  const { nextAt } = await mq.schedules.upsert(DAILY);
  expect(nextAt).toBeLessThan((await serverNow(broker.redis)) + 25 * HOUR);
});
