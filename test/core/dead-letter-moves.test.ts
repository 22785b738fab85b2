import { describe, expect, test } from '@jest/globals';
import type { LeanMQEvents } from '@leanmq/core';

import { useBroker } from '../support/broker.js';
import { deadJobs, failing, type Job } from '../support/dead-jobs.js';
import { eventually, nextEvent } from '../support/eventually.js';

const broker = useBroker();

describe('dead letters', () => {
  test('that match a filter are discarded for good', async () => {
    const { mq } = await deadJobs(broker, [...failing(110, 'range'), ...failing(5, 'type')]);
    const letters = mq.deadLetters('/job');
    expect(await letters.discard({ errorName: 'RangeError' })).toMatchObject({
      ...{ matched: 110, done: 110, stopped: false },
    });
    expect(await letters.count()).toBe(5);
  });

  test('that are moved to another queue reach all of its groups, once however often the move is repeated', async () => {
    const { mq } = await deadJobs(broker, failing(4));
    const got: Record<string, unknown[]> = { one: [], two: [] };
    for (const group of ['one', 'two']) {
      await broker.consume<Job>(
        '/repair',
        ({ data, headers, attempt, replays }) =>
          void got[group]?.push([data.n, headers.tenant, attempt, replays]),
        { group },
      );
    }
    const letters = mq.deadLetters('/job');
    const [first] = await letters.list();
    const id = first?.id ?? '';
    expect(await letters.moveTo('/repair', id)).toEqual([id]);
    expect(await letters.moveTo('/repair', [id])).toEqual([]);
    expect(await letters.moveTo('/repair/', { reason: 'rejected' })).toMatchObject({
      ...{ matched: 3, done: 3 },
    });
    expect(await letters.count()).toBe(0);
    for (const group of ['one', 'two']) {
      await eventually(() => got[group]?.length === 4);
      expect(got[group]?.toSorted()).toEqual([0, 1, 2, 3].map((n) => [n, `t${n}`, 1, 0]));
    }
    // Moving to a new queue registers it, and its groups can come later.
    const again = await mq.publish('/job', { n: 9, fails: 'reject' });
    await nextEvent(mq.events, 'deadLettered');
    await letters.moveTo('/parked', {});
    expect((await mq.queues()).map(({ path }) => path)).toContain('parked');
    expect(await mq.queue('/parked').info()).toMatchObject({ messages: 1 });
    expect(again.outcome).toBe('published');
  });

  test('that are moved start a new time to live, and stay where they are when the target queue is full', async () => {
    const mq = broker.mq({ group: 'g' });
    await mq.publish('/job', 'short', { ttlMs: 60_000, messageId: 'mine' });
    await mq.receive('/job').then(([delivery]) => delivery?.deadLetter());
    await mq.publish('/parked', 1);
    await mq.queue('/parked').configure({ maxLength: 1 });
    await expect(mq.deadLetters('/job').moveTo('/parked', {})).rejects.toMatchObject({
      code: 'ROUTE_FULL',
    });
    expect(await mq.deadLetters('/job').count()).toBe(1);
    await mq.queue('/parked').configure({ maxLength: 2 });
    await mq.deadLetters('/job').moveTo('/parked', {});
    const parked = await mq.receive('/parked', { count: 2 });
    expect(parked[1]).toMatchObject({ id: 'mine', data: 'short' });
    const { expiresAt = 0, publishedAt = 0 } = parked[1] ?? {};
    // Redis 7.0 reads its clock for the script and again for the entry id.
    expect(expiresAt - publishedAt).toBeGreaterThan(59_900);
    expect(expiresAt - publishedAt).toBeLessThan(60_100);
  });

  test('that are moved while others publish never push the target beyond its limit', async () => {
    const { mq } = await deadJobs(broker, failing(40));
    await mq.publish('/parked', 'first');
    await mq.queue('/parked').configure({ maxLength: 12 });
    const ids = (await mq.deadLetters('/job').list()).map(({ id }) => id);
    const movers = [0, 1, 2, 3].map(() => broker.mq({ group: 'g' }));
    await Promise.all(movers.map((mover) => mover.connect()));
    const results = await Promise.allSettled(
      movers.flatMap((mover, index) =>
        [0, 5].map((from) =>
          mover
            .deadLetters('/job')
            .moveTo('/parked', ids.slice(index * 10 + from, index * 10 + from + 5)),
        ),
      ),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'ROUTE_FULL' });
    }
    expect(await mq.queue('/parked').info()).toMatchObject({ messages: 11 });
    expect(await mq.deadLetters('/job').count()).toBe(30);
  });

  test('are not moved when the id or the path is invalid', async () => {
    const letters = broker.mq().deadLetters('/job', 'g');
    await expect(letters.moveTo('/b', 'x')).rejects.toMatchObject({ code: 'ID_INVALID' });
    await expect(letters.moveTo('', '1-1')).rejects.toMatchObject({ code: 'PATH_INVALID' });
    expect(() => broker.mq().deadLetters('/job', 'a:b')).toThrow(/"group"/);
  });
});

describe('a limit on dead letters', () => {
  test('by count drops the oldest and emits an event for each', async () => {
    const { mq } = await deadJobs(broker, failing(30));
    const letters = mq.deadLetters('/job');
    const [oldest] = await letters.list<Job>();
    const dropped: LeanMQEvents['deadLetterDropped'][0][] = [];
    mq.events.on('deadLetterDropped', (event) => dropped.push(event));
    await mq.queue('/job').configure({ deadLetters: { maxCount: 10 } });
    await eventually(() => dropped.length === 20);
    expect(await letters.count()).toBe(10);
    expect(dropped[0]).toEqual({
      path: 'job',
      group: 'g',
      id: oldest?.id,
      messageId: oldest?.messageId,
      reason: 'rejected',
      because: 'count',
    });
    expect(await letters.get(oldest?.id ?? '')).toBeUndefined();
  });

  test('by age drops only what is older, even for a group that was removed', async () => {
    const { mq } = await deadJobs(broker, failing(3));
    await mq.close();
    const operator = broker.mq();
    const old = { origin: '1-1', attempts: 1, crashes: 0, reason: 'poison' };
    const key = broker.key('job', 'dead:gone');
    for (let n = 0; n < 150; n += 1) {
      await broker.redis.xadd(key, `1-${n + 1}`, 'm', JSON.stringify(old), 'd', '1');
    }
    await operator.queue('/job').declareGroup('gone');
    await operator.queue('/job').removeGroup('gone');
    await operator.queue('/job').configure({ deadLetters: { maxAgeMs: 60_000 } });
    const dropped: LeanMQEvents['deadLetterDropped'][0][] = [];
    operator.events.on('deadLetterDropped', (event) => dropped.push(event));
    await operator.queue('/job').sweep();
    expect(dropped).toHaveLength(150);
    expect(dropped.every(({ because, reason }) => because === 'age' && reason === 'poison')).toBe(
      true,
    );
    expect(await operator.deadLetters('/job', 'g').count()).toBe(3);
  });

  test('does not exist by default: all are kept', async () => {
    const { mq } = await deadJobs(broker, failing(5));
    await mq.queue('/job').sweep();
    expect(await mq.deadLetters('/job').count()).toBe(5);
  });
});
