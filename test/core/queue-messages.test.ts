import { describe, expect, test } from '@jest/globals';
import type { LeanMQ, MessagesOptions, PulledDelivery, QueuedMessage } from '@leanmq/core';

import { useBroker } from '../support/broker.js';

const broker = useBroker();

/** Settings under which nothing moves by itself during a listing. */
const STILL = {
  group: 'g',
  leaseMs: 30_000,
  sweepMs: 3_600_000,
  handlers: { attempts: 9 },
} as const;
const LATER = 3_600_000;

/** Reads all pages of a list. */
async function pagesOf(
  mq: LeanMQ,
  options: MessagesOptions,
  path = '/a',
): Promise<(readonly QueuedMessage[])[]> {
  const pages: (readonly QueuedMessage[])[] = [];
  let cursor: string | undefined;
  do {
    const page = await mq.queue(path).messages({ ...options, cursor });
    pages.push(page.messages);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return pages;
}

/** Fails `count` waiting messages. Call with 0 ms last: those come first in the next call. */
async function failAll(mq: LeanMQ, count: number, afterMs: number): Promise<void> {
  const deliveries: PulledDelivery[] = [];
  while (deliveries.length < count) {
    deliveries.push(...(await mq.receive('/a', { count: count - deliveries.length })));
  }
  const error = new Error('no');
  await Promise.all(deliveries.map((delivery) => delivery.retry({ afterMs, error })));
}

describe('messages of a queue', () => {
  test('that wait are listed with their content, in log order, without those in flight', async () => {
    const mq = broker.mq(STILL);
    const queue = mq.queue('/a');
    await queue.declareGroup('g');
    await mq.publish('/a', 'taken');
    await mq.receive('/a');
    const { id } = await mq.publish('/a', { n: 1 }, { headers: { trace: 't' } });
    await mq.publish('/a', null, { messageId: 'mine', ttlMs: 60_000 });
    const { messages, cursor } = await queue.messages({ state: 'waiting' });
    expect(messages).toEqual([
      {
        ...{ id, state: 'waiting', data: { n: 1 }, headers: { trace: 't' } },
        ...{ publishedAt: Number.parseInt(id, 10), dueAt: undefined, expiresAt: undefined },
        ...{ attempts: 0, lastError: undefined },
      },
      expect.objectContaining({ id: 'mine', data: null, headers: {}, attempts: 0 }),
    ]);
    expect(messages[1]?.expiresAt).toBe((messages[1]?.publishedAt ?? 0) + 60_000);
    expect(cursor).toBeUndefined();
    expect((await queue.messages({ state: 'retrying' })).messages).toEqual([]);
    expect((await queue.messages({ state: 'delayed' })).messages).toEqual([]);
    await queue.declareGroup('other', { startFrom: 'earliest' });
    const { messages: others } = await queue.messages({ state: 'waiting', group: 'other' });
    expect(others.map(({ data }) => data)).toEqual(['taken', { n: 1 }, null]);
  });

  test('that wait for a retry are listed with attempts and last error, those due now first', async () => {
    const mq = broker.mq(STILL);
    const queue = mq.queue('/a');
    await queue.declareGroup('g');
    await queue.declareGroup('other');
    const before = Date.now();
    const { id } = await mq.publish('/a', 'later');
    await failAll(mq, 1, LATER);
    await mq.publish('/a', 'now', { messageId: 'mine', headers: { trace: 't' } });
    await failAll(mq, 1, 0);
    const { messages } = await queue.messages({ state: 'retrying' });
    expect(messages).toMatchObject([
      {
        ...{ id: 'mine', state: 'retrying', data: 'now', headers: { trace: 't' }, attempts: 1 },
        ...{ dueAt: undefined, lastError: { name: 'Error', message: 'no' } },
      },
      { id, data: 'later', attempts: 1, lastError: { name: 'Error', message: 'no' } },
    ]);
    expect(messages[1]?.publishedAt).toBe(Number.parseInt(id, 10));
    expect(messages[1]?.dueAt).toBeGreaterThanOrEqual(before + LATER);
    expect((await queue.messages({ state: 'retrying', group: 'other' })).messages).toEqual([]);
    const [held] = await mq.receive('/a');
    expect(held?.id).toBe('mine');
    const ids = (await queue.messages({ state: 'retrying' })).messages.map((each) => each.id);
    expect(ids).toEqual([id]);
  });

  test('that are delayed are listed with their due time, the next one first, without a group', async () => {
    const mq = broker.mq(STILL);
    await mq.publish('/a', 'now');
    const deliverAt = Date.now() + LATER;
    await mq.publish('/a', 'second', { deliverAt: deliverAt + 1, messageId: 'two' });
    const headers = { trace: 't' };
    const { id } = await mq.publish('/a', 'first', { deliverAt, headers, ttlMs: 1_000 });
    const { messages } = await mq.queue('/a').messages({ state: 'delayed' });
    expect(messages).toEqual([
      {
        ...{ id, state: 'delayed', data: 'first', headers, publishedAt: undefined },
        ...{ dueAt: deliverAt, expiresAt: deliverAt + 1_000, attempts: 0, lastError: undefined },
      },
      expect.objectContaining({ id: 'two', data: 'second', dueAt: deliverAt + 1 }),
    ]);
  });

  test('are paged through without gaps or duplicates, in every state', async () => {
    const mq = broker.mq(STILL);
    await mq.queue('/a').declareGroup('g');
    const all = Array.from({ length: 1_000 }, (_, n) => n);
    await mq.publishMany(
      '/a',
      all.map((data) => ({ data })),
    );
    const deliverAt = Date.now() + LATER;
    await mq.publishMany(
      '/a',
      all.map((data) => ({ data, options: { deliverAt } })),
    );
    const lists = async (state: MessagesOptions['state'], limit: number): Promise<unknown[]> => {
      const pages = await pagesOf(mq, { state, limit });
      const isExact = pages.every(
        (page, index) => page.length === limit || index === pages.length - 1,
      );
      expect(isExact).toBe(true);
      return pages.flat().map(({ data }) => data);
    };
    expect(await lists('waiting', 97)).toEqual(all);
    expect(await lists('delayed', 97)).toEqual(all);
    expect(await pagesOf(mq, { state: 'waiting', limit: 1_000 })).toHaveLength(1);
    expect(await pagesOf(mq, { state: 'delayed', limit: 1_000 })).toHaveLength(1);
    await failAll(mq, 700, LATER);
    await failAll(mq, 300, 0);
    const retrying = (await lists('retrying', 100)) as number[];
    expect(retrying.toSorted((a, b) => a - b)).toEqual(all);
    // Each of the 700 retries stands among 1,000 delayed sends and ends a page exactly where the inbox does.
    expect(await pagesOf(mq, { state: 'retrying', limit: 100 })).toHaveLength(10);
    expect(await lists('delayed', 7)).toEqual(all);
    expect(await lists('waiting', 10)).toEqual([]);
  });

  test('that are due at the same instant are paged through too, with others in between', async () => {
    const mq = broker.mq(STILL);
    await mq.queue('/a').declareGroup('g');
    const [schedule, scheduled] = [broker.key('a', 'schedule'), broker.key('a', 'scheduled')];
    await broker.redis.eval(
      `for i = 1, 1500 do
        for _, member in ipairs({'send:' .. i, 'retry:g:log:' .. i .. '-0', 'retry:g2:log:' .. i .. '-0'}) do
          redis.call('ZADD', KEYS[1], ARGV[1], member)
          redis.call('HSET', KEYS[2], member, cmsgpack.pack({'log', 'd', tostring(i)}))
        end
      end`,
      ...[2, schedule, scheduled, Date.now() + LATER],
    );
    for (const state of ['delayed', 'retrying'] as const) {
      const pages = await pagesOf(mq, { state, limit: 400 });
      expect(pages.map((page) => page.length)).toEqual([400, 400, 400, 300]);
      expect(new Set(pages.flat().map(({ data }) => data)).size).toBe(1_500);
    }
  });

  test('that are large are listed in shorter pages', async () => {
    const mq = broker.mq(STILL);
    await mq.queue('/a').declareGroup('g');
    const data = 'x'.repeat(200_000);
    const items = Array.from({ length: 20 }, () => ({ data }));
    await mq.publishMany('/a', items);
    const options = { deliverAt: Date.now() + LATER };
    await mq.publishMany(
      '/a',
      items.map((item) => ({ ...item, options })),
    );
    const sizes = async (state: MessagesOptions['state']): Promise<number[]> =>
      (await pagesOf(mq, { state })).map((page) => page.length);
    expect(await sizes('waiting')).toEqual([6, 6, 6, 2]);
    expect(await sizes('delayed')).toEqual([6, 6, 6, 2]);
    await failAll(mq, 12, LATER);
    await failAll(mq, 8, 0);
    expect(await sizes('retrying')).toEqual([6, 6, 6, 2]);
  });

  test('that cannot be decoded are listed without data and do not end the page', async () => {
    const mq = broker.mq(STILL);
    await mq.queue('/a').declareGroup('g');
    const { redis } = broker;
    const log = broker.key('a', 'log');
    const bytes = Buffer.from([0x22, 0xff, 0xfe, 0x22]);
    await mq.publish('/a', 'first');
    const foreign = await redis.xadd(log, '*', 'foreign', '1');
    await redis.xadd(log, '*', 'd', '{not json');
    await redis.xadd(log, '*', 'd', '"x"', 'h', '[]');
    await redis.xadd(log, '*', 'd', bytes);
    await mq.publish('/a', 'U+FFFD \ufffd by right');
    const waiting = (await mq.queue('/a').messages({ state: 'waiting' })).messages;
    const content = ['first', ...Array<undefined>(4).fill(undefined), 'U+FFFD \ufffd by right'];
    expect(waiting.map(({ data }) => data)).toEqual(content);
    expect(waiting[1]).toMatchObject({ id: foreign, headers: {} });

    const [schedule, scheduled] = [broker.key('a', 'schedule'), broker.key('a', 'scheduled')];
    const packs = ["'d', '{not json'", "'d', ARGV[2]", "'d', {1}", "'m', '{}', 'd', '1'"];
    for (const [index, pack] of packs.entries()) {
      await redis.eval(
        `redis.call('ZADD', KEYS[1], ARGV[1], 'send:${index}', ARGV[1], 'retry:g:log:${index + 1}-0')
        local packed = cmsgpack.pack({'log', ${pack}})
        redis.call('HSET', KEYS[2], 'send:${index}', packed, 'retry:g:log:${index + 1}-0', packed)`,
        ...[2, schedule, scheduled, 5, bytes],
      );
    }
    await redis.zadd(schedule, 6, 'send:none', 6, 'retry:g:log:9-0', 6, 'send:garbage');
    await redis.hset(scheduled, 'send:garbage', Buffer.from([0xc1, 0xff]));
    const deliverAt = Date.now() + LATER;
    await mq.publish('/a', '\ufffd', { deliverAt, messageId: 'sound' });
    for (const state of ['delayed', 'retrying'] as const) {
      const { messages } = await mq.queue('/a').messages({ state });
      const unreadable = messages.filter(({ data }) => data === undefined);
      expect(unreadable).toHaveLength(state === 'delayed' ? 6 : 5);
      expect(unreadable).toMatchObject(
        unreadable.map(() => ({ state, headers: {}, attempts: 0, lastError: undefined })),
      );
    }
    const delayed = (await mq.queue('/a').messages({ state: 'delayed' })).messages;
    expect(delayed.at(-1)).toMatchObject({ id: 'sound', data: '\ufffd', dueAt: deliverAt });
  });

  test('are an empty list for an empty queue, and refused for one that was deleted or never existed', async () => {
    const mq = broker.mq(STILL);
    const queue = mq.queue('/a');
    await queue.declareGroup('g');
    for (const state of ['waiting', 'retrying', 'delayed'] as const) {
      expect(await queue.messages({ state })).toEqual({ messages: [], cursor: undefined });
    }
    await expect(queue.messages({ state: 'waiting', group: 'no-such' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await queue.delete();
    for (const state of ['waiting', 'retrying', 'delayed'] as const) {
      await expect(queue.messages({ state })).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(mq.queue('/never').messages({ state })).rejects.toMatchObject({
        code: 'NOT_FOUND',
      });
    }
  });

  test('are not listed for an invalid option, which the error names', async () => {
    const mq = broker.mq(STILL);
    const queue = mq.queue('/a');
    await mq.queue('/b').declareGroup('g');
    await queue.declareGroup('g');
    await queue.declareGroup('other');
    await mq.publish('/a', 1);
    await mq.publish('/a', 2);
    const { cursor } = await queue.messages({ state: 'waiting', limit: 1 });
    const forged = (place: unknown): string =>
      Buffer.from(JSON.stringify([1, 'a', 'retrying', 'g', place])).toString('base64url');
    const refused: readonly [options: unknown, named: string][] = [
      [undefined, 'state'],
      [{}, 'state'],
      [{ state: 'dead' }, 'state'],
      [{ state: 'waiting', count: 5 }, 'limit'],
      [{ state: 'waiting', limit: 0 }, 'limit'],
      [{ state: 'waiting', limit: 1_001 }, 'limit'],
      [{ state: 'waiting', limit: '10' }, 'limit'],
      [{ state: 'waiting', group: 'a b' }, 'group'],
      [{ state: 'waiting', cursor: 'nonsense' }, 'cursor'],
      [{ state: 'waiting', cursor: 7 }, 'cursor'],
      [{ state: 'retrying', cursor }, 'cursor'],
      [{ state: 'waiting', group: 'other', cursor }, 'cursor'],
      [{ state: 'retrying', cursor: forged({ on: 'schedule', from: 'x', skip: 0 }) }, 'cursor'],
      [{ state: 'retrying', cursor: forged({ on: 'schedule', from: '5', skip: -1 }) }, 'cursor'],
      [{ state: 'retrying', cursor: forged({ on: 'stream', after: '+' }) }, 'cursor'],
      [{ state: 'retrying', cursor: forged(null) }, 'cursor'],
    ];
    for (const [options, named] of refused) {
      await expect(queue.messages(options as MessagesOptions)).rejects.toMatchObject({
        name: 'ConfigError',
        message: expect.stringContaining(named) as unknown,
      });
    }
    await expect(mq.queue('/b').messages({ state: 'waiting', cursor })).rejects.toMatchObject({
      name: 'ConfigError',
    });
    expect((await queue.messages({ state: 'waiting', cursor })).messages).toMatchObject([
      { data: 2 },
    ]);
  });
});
