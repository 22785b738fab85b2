import { describe, expect, test } from '@jest/globals';
import type { LeanMQ, LeanMQEvents } from '@leanmq/core';

import { useBroker } from '../support/broker.js';
import { eventually } from '../support/eventually.js';
import { DAILY, Recurring, SECONDLY, nextTick, serverNow } from '../support/recurring.js';

const broker = useBroker();
const recurring = new Recurring(broker);
const homes = () => broker.redis.hgetall(`${broker.prefix}:schedules`);

function warningsOf(mq: LeanMQ): LeanMQEvents['warning'][0][] {
  const warnings: LeanMQEvents['warning'][0][] = [];
  mq.events.on('warning', (warning) => warnings.push(warning));
  return warnings;
}

describe('recurring sends that cannot be read', () => {
  /** Adds recurring sends as a newer version would: with a kind of rule that this one does not know. */
  async function unreadable(count: number): Promise<void> {
    const { redis } = broker;
    for (let n = 0; n < count; n += 1) {
      const [id, key] = [`strange${n}`, broker.key('report', 'recurring')];
      await redis.hset(key, `rule:${id}`, '{"moon":"full"}', `send:${id}`, '{}', `data:${id}`, '1');
      await redis.zadd(recurring.ticks, 1, id);
    }
  }

  test('neither starve nor delay the others of their path, and are each reported once', async () => {
    const mq = broker.mq();
    const warnings = warningsOf(mq);
    const late: number[] = [];
    await unreadable(60);
    await mq.schedules.upsert(SECONDLY);
    mq.events.on('ticked', ({ dueAt }) => {
      void serverNow(broker.redis).then((now) => late.push(now - dueAt));
    });
    await eventually(() => late.length >= 4, { timeoutMs: 15_000 });
    expect(late.sort((a, b) => a - b)[1]).toBeLessThan(250);
    const codes = warnings.map(({ code }) => code);
    expect(codes.filter((code) => code === 'SCHEDULE_UNREADABLE')).toHaveLength(60);
    // They stay due for a version that can read them.
    expect(await recurring.dueAt('strange59')).toBe(1);
  });

  test('are left out of the list, which says so', async () => {
    const mq = broker.mq();
    const warnings = warningsOf(mq);
    await mq.schedules.upsert(DAILY);
    await mq.schedules.upsert({ ...DAILY, id: 'torn' });
    await broker.redis.hset(broker.key('report', 'recurring'), 'data:torn', '{');
    await broker.redis.hset(`${broker.prefix}:schedules`, 'foreign', 'no home');
    expect((await mq.schedules.list()).map(({ id }) => id)).toEqual(['report']);
    expect(warnings).toEqual([
      {
        code: 'SCHEDULE_UNREADABLE',
        message: expect.stringContaining('"torn" of "/report/"') as unknown,
      },
    ]);
  });
});

describe("a caller's message id", () => {
  test('never keeps a recurring send from its instant', async () => {
    const mq = broker.mq();
    const at = Math.floor((await serverNow(broker.redis)) / 1_000) * 1_000 - 5_000;
    await mq.publish('/report', 'mine', { messageId: `tick@${at}` });
    await mq.schedules.upsert(SECONDLY);
    await recurring.wasDue('tick', at);
    await mq.schedules.upsert({ ...SECONDLY, catchUp: 'all' });
    await eventually(async () => (await recurring.published()).length >= 3);
    const both = (await recurring.published()).filter(([id]) => id === `tick@${at}`);
    expect(both.map(([, data]) => data)).toEqual(['mine', 'tick']);
  });

  test('is refused when it belongs to a recurring send of the same path', async () => {
    const mq = broker.mq();
    await mq.schedules.upsert(DAILY);
    const messageId = 'report@1764165000000';
    await expect(mq.publish('/report', DAILY.data, { messageId })).rejects.toMatchObject({
      code: 'MESSAGE_ID_CONFLICT',
    });
    expect(await mq.publish('/other', DAILY.data, { messageId })).toMatchObject({ id: messageId });
  });

  test('of a recurring send finds its message', async () => {
    const mq = broker.mq();
    await mq.schedules.upsert(SECONDLY);
    const { ids } = await nextTick(mq);
    const [id = ''] = ids;
    expect(await mq.queue('/report').find(id)).toMatchObject({ id });
  });
});

describe('the location of a recurring send', () => {
  test('is forgotten with the queue of its path', async () => {
    const mq = broker.mq();
    await mq.schedules.upsert(DAILY);
    await mq.schedules.upsert({ ...DAILY, id: 'other', path: '/other' });
    await mq.queue('/report').delete();
    expect(Object.keys(await homes())).toEqual(['other']);
  });

  test('is forgotten by the next process when a crash has left it behind', async () => {
    const before = broker.mq();
    await before.schedules.upsert(DAILY);
    await before.schedules.upsert({ ...DAILY, id: 'whole' });
    await before.close();
    await broker.redis.zrem(recurring.ticks, 'report');
    await broker.mq().connect();
    await eventually(async () => Object.keys(await homes()).join() === 'whole');
  });
});
