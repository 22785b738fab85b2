import { describe, expect, test } from '@jest/globals';
import { RejectError, type FoundMessage, type LeanMQ } from '@leanmq/core';

import { useBroker } from '../support/broker.js';
import { eventually } from '../support/eventually.js';

const broker = useBroker();

const find = async (mq: LeanMQ, path: string, id: string): Promise<FoundMessage> => {
  const found = await mq.queue(path).find(id);
  if (found === undefined) throw new Error(`nothing is known of ${id}`);
  return found;
};

describe('finding a message', () => {
  test('follows it through its whole life, per group', async () => {
    const mq = broker.mq({ group: 'g', handlers: { attempts: 3 } });
    await mq.queue('/a').declareGroup('other');
    const before = Date.now() - 1_000;
    const { id } = await mq.publish('/a', { n: 1 }, { ttlMs: 60_000 });
    await mq.queue('/a').declareGroup('g');

    const waiting = await find(mq, '/a', id);
    expect(waiting).toMatchObject({
      ...{ id, entryId: id, delayedUntil: undefined },
      groups: {
        g: { state: 'waiting', isRedelivery: false, attempts: 0, firstDeliveredAt: undefined },
        other: { state: 'waiting' },
      },
    });
    expect(waiting.publishedAt).toBeGreaterThan(before);
    // Redis 7.0 reads its clock for the script and again for the entry id.
    const livesMs = (waiting.expiresAt ?? 0) - (waiting.publishedAt ?? 0);
    expect(livesMs).toBeGreaterThan(59_900);
    expect(livesMs).toBeLessThanOrEqual(60_000);

    const [first] = await mq.receive('/a');
    const inFlight = (await find(mq, '/a', id)).groups.g;
    if (inFlight?.state !== 'in-flight') throw new Error(`it is ${inFlight?.state}`);
    expect(inFlight).toMatchObject({
      consumer: first?.consumer,
      deliveries: 1,
      attempts: 1,
      crashes: 0,
    });
    expect(inFlight.since).toBeGreaterThan(before);
    expect(inFlight.firstDeliveredAt).toBe(inFlight.since);

    await first?.retry({ afterMs: 60_000, error: new TypeError('not yet') });
    const scheduled = (await find(mq, '/a', id)).groups.g;
    if (scheduled?.state !== 'scheduled') throw new Error(`it is ${scheduled?.state}`);
    expect(scheduled).toMatchObject({
      attempts: 1,
      lastError: { name: 'TypeError', message: 'not yet' },
    });
    expect(scheduled.dueAt).toBeGreaterThan(before + 50_000);
    expect(scheduled.firstDeliveredAt).toBeGreaterThan(before);
    expect(scheduled.firstDeliveredAt).toBe(scheduled.lastDeliveredAt);

    await makeDue('a');
    await mq.queue('/a').sweep();
    expect((await find(mq, '/a', id)).groups.g).toMatchObject({
      ...{ state: 'waiting', isRedelivery: true, attempts: 1 },
    });
    const [second] = await mq.receive('/a');
    expect((await find(mq, '/a', id)).groups.g).toMatchObject({
      ...{ state: 'in-flight', attempts: 2, firstDeliveredAt: scheduled.firstDeliveredAt },
    });
    // On the inbox, a retry has another entry id.
    await second?.retry({ afterMs: 60_000 });
    expect((await find(mq, '/a', id)).groups.g).toMatchObject({ state: 'scheduled', attempts: 2 });
    await makeDue('a');
    await mq.queue('/a').sweep();
    const [third] = await mq.receive('/a');
    await third?.deadLetter('of no use');
    const dead = (await find(mq, '/a', id)).groups.g;
    if (dead?.state !== 'dead') throw new Error(`it is ${dead?.state}`);
    expect(dead).toMatchObject({
      reason: 'rejected',
      attempts: 3,
      lastError: { message: 'of no use' },
    });
    expect(dead.firstDeliveredAt).toBe(scheduled.firstDeliveredAt);
    expect(dead.lastDeliveredAt).toBeGreaterThanOrEqual(dead.firstDeliveredAt ?? Infinity);
    expect(await mq.deadLetters('/a').get(dead.deadLetterId)).toMatchObject({ messageId: id });

    await mq.deadLetters('/a').replay(dead.deadLetterId);
    const [fourth] = await mq.receive('/a');
    expect((await find(mq, '/a', id)).groups.g).toMatchObject({ attempts: 1, replays: 1 });
    await fourth?.ack();
    expect((await find(mq, '/a', id)).groups).toMatchObject({
      ...{ g: { state: 'done' }, other: { state: 'waiting' } },
    });
  });

  test("works with the caller's own id, even while the message is delayed and after it was trimmed", async () => {
    const mq = broker.mq({ group: 'g' });
    await mq.queue('/a').declareGroup('g');
    const messageId = 'order 1: [x]*';
    await mq.publish('/a', 1, { messageId, delayMs: 60_000 });
    const delayed = await find(mq, '/a', messageId);
    expect(delayed).toMatchObject({ id: messageId, entryId: undefined, groups: {} });
    expect(delayed.delayedUntil).toBeGreaterThan(Date.now() + 50_000);
    await makeDue('a');
    await mq.queue('/a').sweep();
    const [delivery] = await mq.receive('/a');
    expect(await find(mq, '/a', messageId)).toMatchObject({
      ...{ id: messageId, entryId: delivery?.origin, groups: { g: { state: 'in-flight' } } },
    });
    await delivery?.ack();
    await broker.redis.xtrim(broker.key('a', 'log'), 'MAXLEN', 0);
    expect(await find(mq, '/a', messageId)).toMatchObject({ groups: { g: { state: 'gone' } } });
  });

  test('works with the id that a delayed send was given, when nothing else leads to it', async () => {
    const mq = broker.mq({ group: 'g' });
    await mq.queue('/a').declareGroup('g');
    for (let n = 0; n < 120; n += 1) void mq.publish('/a', n);
    const { id } = await mq.publish('/a', 'x', { delayMs: 1 });
    await eventually(async () => (await find(mq, '/a', id)).entryId !== undefined);
    for (let n = 0; n < 120; n += 1) await mq.publish('/a', n);
    expect(await find(mq, '/a', id)).toMatchObject({ id, groups: { g: { state: 'waiting' } } });
    // A retry is found even when the body of its message is gone.
    const held = await mq.receive('/a', { count: 200 });
    await held.find((each) => each.id === id)?.retry({ afterMs: 60_000 });
    await broker.redis.xtrim(broker.key('a', 'log'), 'MAXLEN', 0);
    expect((await find(mq, '/a', id)).groups.g).toMatchObject({ state: 'scheduled' });
  });

  test('tells an expired message that nobody was given from one that waits', async () => {
    const mq = broker.mq({ sweepMs: 60_000 });
    await mq.queue('/a').declareGroup('g');
    const { id } = await mq.publish('/a', 1, { ttlMs: 1 });
    await eventually(async () => (await find(mq, '/a', id)).groups.g?.state === 'expired');
    await mq.queue('/a').sweep();
    expect(await mq.queue('/a').find(id)).toBeUndefined();
  });

  test('shows a message without subscribers on the log, and an unknown one as undefined', async () => {
    const mq = broker.mq();
    const { id } = await mq.publish('/a', 1);
    expect(await find(mq, '/a', id)).toMatchObject({ entryId: id, groups: {} });
    for (const unknown of ['1-1', 'no such id', '99999999999999-0', id.replace('-', '_')]) {
      expect(await mq.queue('/a').find(unknown)).toBeUndefined();
    }
  });

  test('succeeds among thousands of dead letters', async () => {
    const mq = await broker.consume('/a', () => Promise.reject(new RejectError()), { group: 'g' });
    const sent = await mq.publishMany(
      '/a',
      Array.from({ length: 3_000 }, (_, data) => ({ data })),
    );
    await eventually(async () => (await mq.deadLetters('/a').count()) === 3_000);
    for (const index of [0, 1_500, 2_999]) {
      const { id } = sent[index] as { id: string };
      expect((await find(mq, '/a', id)).groups.g).toMatchObject({ state: 'dead' });
    }
  });

  test('says that it does not know when there is too much to look through', async () => {
    const mq = broker.mq({ group: 'g' });
    const { id } = await mq.publish('/a', 'x');
    const [delivery] = await mq.receive('/a');
    const history = { origin: '1-1', attempts: 1, crashes: 0, reason: 'failed' };
    for (let n = 0; n < 30; n += 1) {
      const fields = ['m', JSON.stringify(history), 'd', JSON.stringify('x'.repeat(200_000))];
      await broker.redis.xadd(broker.key('a', 'dead:g'), '*', ...fields);
    }
    expect((await find(mq, '/a', id)).groups.g).toMatchObject({ state: 'in-flight' });
    await delivery?.ack();
    expect((await find(mq, '/a', id)).groups.g).toEqual({ state: 'unknown' });
  });

  test('refuses an invalid id', async () => {
    const mq = broker.mq();
    await mq.publish('/a', 1);
    for (const id of ['', 'x'.repeat(300), 'a\nb', 7 as unknown as string]) {
      await expect(mq.queue('/a').find(id)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    }
  });
});

/** Makes everything that is scheduled due now. */
async function makeDue(path: string): Promise<void> {
  const schedule = broker.key(path, 'schedule');
  for (const member of await broker.redis.zrange(schedule, '0', '-1')) {
    await broker.redis.zadd(schedule, 1, member);
  }
}
