import { describe, expect, test } from '@jest/globals';
import { LeaseLostError, MessageWaitingError, type LeanMQ } from '@leanmq/core';

import { useBroker } from '../support/broker.js';
import { eventually, nextEvent } from '../support/eventually.js';

const broker = useBroker();

const stateOf = async (mq: LeanMQ, id: string, group = 'g'): Promise<string | undefined> =>
  (await mq.queue('/a').find(id))?.groups[group]?.state;

const isOnLog = async (id: string): Promise<boolean> =>
  (await broker.redis.xrange(broker.key('a', 'log'), id, id)).length === 1;

describe('removing a message', () => {
  test('that waits for this group only takes it off the log', async () => {
    const mq = broker.mq({ group: 'g' });
    await mq.queue('/a').declareGroup('g');
    await mq.queue('/a').declareGroup('finished', { startFrom: 'latest' });
    const [first, second] = [await mq.publish('/a', 1), await mq.publish('/a', 2)];
    await mq.queue('/a').purge({ group: 'finished' });
    expect(await mq.queue('/a').remove(first.id)).toBe('waiting');
    expect(await isOnLog(first.id)).toBe(false);
    expect(await mq.queue('/a').remove(first.id)).toBeUndefined();
    expect(await mq.receive('/a', { count: 9 })).toMatchObject([{ id: second.id }]);
  });

  test('that waits for other groups too is refused, and the error names the ways out', async () => {
    const mq = broker.mq({ group: 'g' });
    for (const group of ['g', 'other']) await mq.queue('/a').declareGroup(group);
    const { id } = await mq.publish('/a', 1);
    const failure = mq.queue('/a').remove(id);
    await expect(failure).rejects.toBeInstanceOf(MessageWaitingError);
    await expect(failure).rejects.toMatchObject({ code: 'MESSAGE_WAITING' });
    await expect(failure).rejects.toThrow(/allGroups.*purge/);
    expect(await isOnLog(id)).toBe(true);
    expect(await mq.queue('/a').remove(id, { allGroups: true })).toBe('waiting');
    expect(await isOnLog(id)).toBe(false);
    expect(await mq.receive('/a')).toEqual([]);
  });

  test('that is in flight aborts its handler, whose outcome then has no effect', async () => {
    let fail: (() => void) | undefined;
    const reasons: unknown[] = [];
    const mq = await broker.consume(
      '/a',
      ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reasons.push(signal.reason));
          fail = () => reject(new Error('too late'));
        }),
      { group: 'g', leaseMs: 300 },
    );
    const { id } = await mq.publish('/a', 1);
    await eventually(() => fail !== undefined);
    const lost = nextEvent(mq.events, 'leaseLost');
    expect(await mq.queue('/a').remove(id)).toBe('in-flight');
    await lost;
    expect(reasons[0]).toBeInstanceOf(LeaseLostError);
    fail?.();
    await eventually(() => mq.health().inFlight === 0);
    expect(await mq.queue('/a').info()).toMatchObject({
      messages: 0,
      groups: [{ waiting: 0, inFlight: 0, scheduled: 0, dead: 0 }],
    });
  });

  test('that is scheduled, redelivered or dead is final for this group; other groups keep it', async () => {
    const mq = broker.mq({ group: 'g', handlers: { attempts: 9 } });
    const other = broker.mq({ group: 'other' });
    await mq.queue('/a').declareGroup('other');
    const ids: string[] = [];
    for (let n = 0; n < 4; n += 1) ids.push((await mq.publish('/a', n)).id);
    const [scheduled, released, held, dead] = await mq.receive('/a', { count: 4 });
    await scheduled?.retry({ afterMs: 60_000 });
    await released?.release();
    await dead?.deadLetter();
    await held?.release();
    // The inbox delivers in its own order.
    const [, again] = await mq.receive('/a', { count: 2 });
    const states: (string | undefined)[] = [];
    for (const id of ids) states.push(await stateOf(mq, id));
    expect(states).toEqual(['scheduled', 'in-flight', 'in-flight', 'dead']);
    await again?.release();
    expect(await stateOf(mq, again?.id ?? '')).toBe('waiting');
    const removed: (string | undefined)[] = [];
    for (const id of ids) removed.push(await mq.queue('/a').remove(id));
    expect(removed.toSorted()).toEqual(['dead', 'in-flight', 'scheduled', 'waiting']);
    for (const id of ids) expect(await stateOf(mq, id)).toBe('done');
    expect(await broker.redis.zcard(broker.key('a', 'schedule'))).toBe(0);
    expect(await broker.redis.hlen(broker.key('a', 'scheduled'))).toBe(0);
    expect(await broker.redis.xlen(broker.key('a', 'inbox:g'))).toBe(0);
    expect(await broker.redis.xlen(broker.key('a', 'dead:g'))).toBe(0);
    const theirs = await other.receive('/a', { count: 9 });
    expect(theirs.map(({ id }) => id)).toEqual(ids);
  });

  test('frees its body as soon as every group is done with it', async () => {
    const mq = broker.mq({ group: 'g' });
    const other = broker.mq({ group: 'other' });
    await mq.queue('/a').declareGroup('other');
    const { id } = await mq.publish('/a', 1);
    await mq.receive('/a').then(([delivery]) => delivery?.ack());
    expect(await mq.queue('/a').remove(id)).toBe('done');
    expect(await isOnLog(id)).toBe(true);
    await other.receive('/a').then(([delivery]) => delivery?.ack());
    // Kept as history until it is removed.
    expect(await isOnLog(id)).toBe(true);
    expect(await mq.queue('/a').remove(id)).toBe('done');
    expect(await isOnLog(id)).toBe(false);
    expect(await mq.queue('/a').remove(id)).toBeUndefined();
  });

  test('that is delayed cancels it and frees its id', async () => {
    const mq = broker.mq({ group: 'g' });
    const queue = mq.queue('/a');
    const { id } = await mq.publish('/a', 1, { delayMs: 60_000, messageId: 'mine' });
    await queue.declareGroup('g');
    await queue.declareGroup('other');
    await expect(queue.remove(id)).rejects.toBeInstanceOf(MessageWaitingError);
    await queue.removeGroup('other');
    expect(await queue.remove(id)).toBe('delayed');
    expect(await queue.find(id)).toBeUndefined();
    expect(await mq.publish('/a', 2, { messageId: 'mine' })).toMatchObject({
      outcome: 'published',
    });
    const again = await mq.publish('/a', 3, { delayMs: 60_000 });
    expect(await queue.remove(again.id, { allGroups: true })).toBe('delayed');
    expect(await broker.redis.zcard(broker.key('a', 'schedule'))).toBe(0);
  });

  test('for all groups ends it wherever it is', async () => {
    const mq = broker.mq({ group: 'g' });
    const other = broker.mq({ group: 'other' });
    for (const group of ['g', 'other', 'third']) await mq.queue('/a').declareGroup(group);
    const { id } = await mq.publish('/a', 1);
    await mq.receive('/a').then(([delivery]) => delivery?.deadLetter());
    const [held] = await other.receive('/a');
    await mq.queue('/a').purge({ group: 'third' });
    expect(await mq.queue('/a').remove(id, { allGroups: true })).toMatch(/dead|in-flight/);
    expect(await held?.ack()).toBe('lease-lost');
    expect(await mq.queue('/a').find(id)).toBeUndefined();
    expect(await isOnLog(id)).toBe(false);
  });

  test('that nobody has subscribed to removes it for all', async () => {
    const mq = broker.mq();
    const { id } = await mq.publish('/a', 1);
    expect(await mq.queue('/a').remove(id, { allGroups: true })).toBe('waiting');
    expect(await isOnLog(id)).toBe(false);
  });

  test('while it moves on succeeds all the same', async () => {
    const mq = broker.mq({ group: 'g', handlers: { attempts: 1_000 } });
    const seen = new Set<number>();
    let removed = false;
    await mq.consume<number>(
      '/a',
      ({ attempt }) => {
        if (removed) seen.add(attempt);
        throw new Error('again');
      },
      { attempts: 1_000, backoff: { type: 'fixed', delayMs: 1 } },
    );
    const { id } = await mq.publish('/a', 1);
    await nextEvent(mq.events, 'retried');
    await eventually(async () => {
      await mq.queue('/a').remove(id);
      return true;
    });
    removed = true;
    await eventually(() => mq.health().inFlight === 0);
    const [group] = await mq.queue('/a').groups();
    expect(group).toMatchObject({ waiting: 0, inFlight: 0, scheduled: 0, dead: 0 });
    // One of them may have been on its way to its handler.
    expect(seen.size).toBeLessThan(2);
  });

  test('refuses invalid ids, groups and options', async () => {
    const mq = broker.mq({ group: 'g' });
    await mq.publish('/a', 1);
    const queue = mq.queue('/a');
    await expect(queue.remove('1-1')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await queue.declareGroup('g');
    expect(await queue.remove('1-1')).toBeUndefined();
    await expect(queue.remove('')).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(queue.remove('1-1', { group: 'no' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(queue.remove('1-1', { force: true } as object)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
  });
});
