import { describe, expect, test } from '@jest/globals';
import type { LeanMQ } from '@leanmq/core';

import { useBroker } from '../support/broker.js';
import { eventually } from '../support/eventually.js';

const broker = useBroker();
const key = (what: string): string => broker.key('a', what);

/** An expiry that has passed by any clock. */
const PAST = '1000';

function troublesOf(mq: LeanMQ): string[] {
  const told: string[] = [];
  mq.events.on('warning', ({ code, message }) => told.push(`${code} ${message}`));
  mq.events.on('fault', ({ error }) => told.push(`fault ${error.message}`));
  return told;
}

/** Starts a queue whose group keeps expired messages, with ten messages about to expire. */
async function withExpiring(options: Parameters<typeof broker.mq>[0] = {}): Promise<LeanMQ> {
  const mq = broker.mq({ group: 'g', ...options });
  await mq.queue('/a').declareGroup('g', { onExpired: 'dead-letter' });
  await mq.publishMany(
    '/a',
    Array.from({ length: 10 }, (_, data) => ({ data, options: { ttlMs: 300 } })),
  );
  return mq;
}

const reasons = async (mq: LeanMQ): Promise<(string | undefined)[]> =>
  (await mq.deadLetters('/a', 'g').list({ count: 100 })).map(({ reason }) => reason);

describe('an expired message that cannot be handled as it is', () => {
  test.each([
    ['a history that is not JSON for Lua', ['m', '{"origin":"1-0","note":"\\ud800"}', 'd', '1']],
    ['a history that is not an object', ['m', '7', 'd', '1']],
    [
      'a history that Lua reads and cannot write',
      ['m', '{"origin":"1-0","attempts":1e999}', 'd', '1'],
    ],
    ['9,000 fields', Array.from({ length: 9_000 }, (_, n) => [`f${n}`, '1']).flat()],
  ])('with %s becomes an undecodable dead letter, and the others expire', async (_, fields) => {
    const stream = fields[0] === 'm' ? 'inbox:g' : 'log';
    const id = await broker.redis.xadd(key(stream), '*', ...fields);
    await broker.redis.xgroup('CREATE', key(stream), 'g', '0').catch(() => undefined);
    await broker.redis.zadd(key('expiry'), PAST, `${stream}|${id}`);
    const mq = await withExpiring();
    const told = troublesOf(mq);
    await eventually(async () => (await reasons(mq)).length === 11);
    expect((await reasons(mq)).toSorted()).toEqual([
      ...Array.from({ length: 10 }, () => 'expired'),
      'undecodable',
    ]);
    expect(await broker.redis.zcard(key('expiry'))).toBe(0);
    expect(told).toEqual([]);
  });

  test('because a key has the wrong type is set aside and reported once, and the others expire', async () => {
    await broker.redis.set(key('inbox:other'), 'not a stream');
    await broker.redis.zadd(key('expiry'), PAST, 'inbox:other|1-1');
    const mq = await withExpiring();
    const told = troublesOf(mq);
    await eventually(async () => (await reasons(mq)).length === 10);
    await broker.redis.zadd(key('expiry'), PAST, 'inbox:other|1-1');
    await eventually(
      async () =>
        Number(await broker.redis.zscore(key('expiry'), 'inbox:other|1-1')) > Number(PAST),
    );
    expect(told).toEqual([expect.stringMatching(/^EXPIRY_ENTRY .*inbox:other\|1-1 .*WRONGTYPE/)]);
  });

  test('because nobody knows which groups keep it is reported once', async () => {
    const mq = await withExpiring({ sweepMs: 20 });
    const told = troublesOf(mq);
    await broker.redis.del(key('keepers'));
    await broker.redis.set(key('keepers'), 'not a set');
    await eventually(() => told.length > 0);
    // The route is swept many more times, as its promotions show.
    for (let n = 0; n < 5; n += 1) {
      const before = await broker.redis.xlen(key('log'));
      await mq.publish('/a', n, { delayMs: 20 });
      await eventually(async () => (await broker.redis.xlen(key('log'))) > before);
    }
    expect(told).toEqual([expect.stringMatching(/^fault .*"\/a\/" .*expired.*WRONGTYPE/)]);
  });

  test('because the dead letters of one group have the wrong type leaves no copies for the others', async () => {
    const mq = await withExpiring();
    await mq.queue('/a').declareGroup('h', { onExpired: 'dead-letter' });
    await broker.redis.set(key('dead:h'), 'not a stream');
    const told = troublesOf(mq);
    await eventually(() => told.length > 0);
    expect(await broker.redis.xlen(key('dead:g'))).toBe(0);
    expect(await broker.redis.xlen(key('log'))).toBe(10);
    expect(told).toEqual([expect.stringContaining('EXPIRY_ENTRY')]);
  });
});

describe('a failing step of a sweep', () => {
  test('keeps neither the next step nor another queue from its turn, and is reported once', async () => {
    const mq = broker.mq({ group: 'g', retention: { count: 0 } });
    const told = troublesOf(mq);
    for (const path of ['/a', '/b', '/c']) {
      await mq.queue(path).declareGroup('g');
      await mq.publishMany(
        path,
        Array.from({ length: 200 }, (_, data) => ({ data })),
      );
    }
    // Neither the replays of /a nor the expired messages of /b can be read.
    await broker.redis.set(key('replays'), 'not a hash');
    await broker.redis.set(broker.key('b', 'expiry'), 'not a sorted set');
    for (const path of ['/a', '/b', '/c']) {
      for (const delivery of await mq.receive(path, { count: 200 })) void delivery.ack();
    }
    for (const path of ['b', 'c']) {
      await eventually(async () => (await broker.redis.xlen(broker.key(path, 'log'))) === 0);
    }
    expect(await broker.redis.xlen(key('log'))).toBe(200);
    await broker.redis.xadd(broker.key('c', 'log'), '*', 'd', '1');
    await eventually(() => told.some((text) => text.includes('"/a/" cannot be swept')));
    expect(told.filter((text) => text.includes('"/a/" cannot be swept'))).toHaveLength(1);
  });

  test('rejects a manual sweep once all other steps are done', async () => {
    const mq = broker.mq({ group: 'g', sweepMs: 600_000, retention: { count: 0 } });
    await mq.queue('/a').declareGroup('g');
    await mq.publish('/a', 1);
    for (const delivery of await mq.receive('/a')) await delivery.ack();
    await broker.redis.set(key('expiry'), 'not a sorted set');
    await expect(mq.queue('/a').sweep()).rejects.toMatchObject({ code: 'KEY_TYPE' });
    expect(await broker.redis.xlen(key('log'))).toBe(0);
  });
});

test('a scheduled entry that cannot be appended is reported once, and is delivered when it can be', async () => {
  const mq = broker.mq({ group: 'g' });
  const told = troublesOf(mq);
  await mq.queue('/a').declareGroup('g');
  await broker.redis.hset(key('scheduled'), 'send:bad', 'not packed by us');
  for (let n = 0; n < 3; n += 1) {
    await broker.redis.zadd(key('schedule'), PAST, 'send:bad');
    await mq.publish('/a', n, { delayMs: 1 });
    await eventually(async () => (await broker.redis.xlen(key('log'))) === n + 1);
  }
  expect(told).toEqual([expect.stringMatching(/^SCHEDULE_ENTRY .*"send:bad"/)]);
});
