import { describe, expect, test } from '@jest/globals';
import { RejectError, type LeanMQ } from '@leanmq/core';

import { useBroker } from '../support/broker.js';
import { eventually, nextEvent } from '../support/eventually.js';

const broker = useBroker();

/** Starts two groups, of which the first fails until `heal` is called. */
async function failing(): Promise<{
  mq: LeanMQ;
  heal: () => void;
  seen: unknown[];
  other: unknown[];
}> {
  let healthy = false;
  const seen: unknown[] = [];
  const other: unknown[] = [];
  const mq = await broker.consume(
    '/job',
    ({ data, attempt, replays }) => {
      if (!healthy) throw new TypeError('broken', { cause: new Error('the root of it') });
      seen.push({ data, attempt, replays });
    },
    { group: 'failing', handlers: { attempts: 2, backoff: { type: 'fixed', delayMs: 5 } } },
  );
  await broker.consume('/job', ({ data }) => void other.push(data), { group: 'other' });
  return { mq, heal: () => void (healthy = true), seen, other };
}

describe('a dead letter', () => {
  test('tells the whole story of its failure', async () => {
    const { mq } = await failing();
    const dead = nextEvent(mq.events, 'deadLettered');
    const sent = await mq.publish('/job', { n: 1 }, { headers: { a: 'b' } });
    await dead;
    const [letter, ...others] = await mq.deadLetters('/job').list<{ n: number }>();
    expect(others).toEqual([]);
    expect(letter).toMatchObject({
      messageId: sent.id,
      path: 'job',
      group: 'failing',
      reason: 'failed',
      attempts: 2,
      crashes: 0,
      replays: 0,
      data: { n: 1 },
      headers: { a: 'b' },
      error: { name: 'TypeError', message: 'broken', cause: { message: 'the root of it' } },
    });
    expect(letter?.error?.stack).toContain('dead-letters.test');
    expect(letter?.deadAt).toBeGreaterThanOrEqual(letter?.publishedAt ?? Infinity);
    expect(await mq.deadLetters('/job').get(letter?.id ?? '')).toEqual(letter);
  });

  test('is replayed to its own group only, with attempts from 1, and once even when replayed twice', async () => {
    const { mq, heal, seen, other } = await failing();
    const dead = nextEvent(mq.events, 'deadLettered');
    await mq.publish('/job', { n: 1 });
    await dead;
    heal();
    const letters = mq.deadLetters('/job');
    const [letter] = await letters.list();
    const id = letter?.id ?? '';
    const acked = nextEvent(mq.events, 'acked');
    const both = await Promise.all([letters.replay(id), letters.replay([id])]);
    expect(both.flat()).toEqual([id]);
    await acked;
    expect(await letters.replay(id)).toEqual([]);
    expect(await letters.count()).toBe(0);
    // Whatever else had been delivered would have come before this one.
    const last = nextEvent(mq.events, 'acked');
    await mq.publish('/job', 'last');
    await last;
    await eventually(() => other.length === 2);
    expect(seen).toEqual([
      { data: { n: 1 }, attempt: 1, replays: 1 },
      { data: 'last', attempt: 1, replays: 0 },
    ]);
    expect(other).toEqual([{ n: 1 }, 'last']);
  });

  test('can be replayed with all the others, page by page; one that dies again meanwhile is left', async () => {
    const mq = await broker.consume(
      '/many',
      ({ replays, data }) => {
        if (replays === 0 || data === 0) throw new RejectError();
      },
      { group: 'g' },
    );
    for (let n = 0; n < 250; n += 1) void mq.publish('/many', n);
    const letters = mq.deadLetters('/many');
    await eventually(async () => (await letters.count()) === 250);
    const firstPage = await letters.list({ count: 100 });
    const secondPage = await letters.list({ count: 100, after: firstPage.at(-1)?.id ?? '' });
    expect(firstPage.concat(secondPage).map(({ data }) => data).length).toBe(200);
    expect(new Set(firstPage.concat(secondPage).map(({ id }) => id)).size).toBe(200);
    expect(await letters.replayAll()).toBe(250);
    await eventually(async () => {
      const left = await letters.list();
      return left.length === 1 && left[0]?.data === 0 && left[0].replays === 1;
    });
  });

  test('is gone for good once it is discarded', async () => {
    const { mq } = await failing();
    const dead = nextEvent(mq.events, 'deadLettered');
    await mq.publish('/job', 1);
    await dead;
    const letters = mq.deadLetters('/job');
    const [letter] = await letters.list();
    expect(await letters.discard(letter?.id ?? '')).toBe(1);
    expect(await letters.discard(letter?.id ?? '')).toBe(0);
    expect(await letters.list()).toEqual([]);
  });

  test('with an invalid id is refused with a remedy', async () => {
    const letters = broker.mq().deadLetters('/job', 'g');
    for (const id of ['', 'x', '1-', '*', '+', '1-0; DROP']) {
      await expect(letters.replay(id)).rejects.toMatchObject({ code: 'ID_INVALID' });
      await expect(letters.discard(id)).rejects.toMatchObject({ code: 'ID_INVALID' });
      await expect(letters.get(id)).rejects.toMatchObject({ code: 'ID_INVALID' });
    }
  });

  test('keeps the raw bytes of a message that cannot be decoded, which never stops the others', async () => {
    const got: unknown[] = [];
    const mq = await broker.consume('/raw', ({ data }) => void got.push(data), { group: 'g' });
    const log = broker.key('raw', 'log');
    const bytes = Buffer.from([0xff, 0x00, 0x7b, 0xfe]);
    await broker.redis.xadd(log, '*', 'd', '{"cut of');
    await broker.redis.xadd(log, '*', 'd', bytes);
    await broker.redis.xadd(log, '*', 'something', 'else');
    await broker.redis.xadd(log, '*', 'd', '1', 'h', '[]');
    await broker.redis.xadd(log, '*', 'd', '1', 'x', 'soon');
    await broker.redis.xadd(
      log,
      '*',
      'd',
      Buffer.concat([Buffer.from('"'), bytes, Buffer.from('"')]),
    );
    await mq.publish('/raw', 'a right one with \ufffd in it');
    const letters = mq.deadLetters('/raw');
    await eventually(async () => (await letters.count()) === 6 && got.length === 1);
    expect(got).toEqual(['a right one with \ufffd in it']);
    const list = await letters.list();
    expect(list.every(({ reason, data }) => reason === 'undecodable' && data === undefined)).toBe(
      true,
    );
    const raw = list.map((letter) => letter.raw);
    expect(raw).toContainEqual([Buffer.from('d'), bytes]);
    expect(raw).toContainEqual([Buffer.from('something'), Buffer.from('else')]);
  });
});
