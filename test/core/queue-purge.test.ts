import { describe, expect, test } from '@jest/globals';
import { RejectError, type LeanMQEvents } from '@leanmq/core';

import { useBroker } from '../support/broker.js';
import { eventually, nextEvent } from '../support/eventually.js';

const broker = useBroker();

const lengthOf = (path: string): Promise<number> => broker.redis.xlen(broker.key(path, 'log'));

describe('purging a group', () => {
  test('drops what waits and is scheduled for it, returns the count, and leaves the other groups theirs', async () => {
    const mq = broker.mq({ group: 'mine', handlers: { attempts: 5 } });
    const queue = mq.queue('/a');
    await queue.declareGroup('other');
    await mq.publish('/a', 'retried');
    await mq.publish('/a', 'released');
    const [first] = await mq.receive('/a');
    await first?.retry({ afterMs: 60_000 });
    const [second] = await mq.receive('/a');
    await second?.release();
    for (let n = 0; n < 10; n += 1) await mq.publish('/a', n);
    await mq.publish('/a', 'delayed', { delayMs: 60_000 });

    expect(await queue.purge()).toBe(12);
    expect(await queue.purge()).toBe(0);
    const [mine, other] = await queue.groups();
    expect(mine).toMatchObject({ waiting: 0, scheduled: 0, inFlight: 0, lag: 0 });
    expect(other).toMatchObject({ waiting: 12 });
    expect(await queue.info()).toMatchObject({ scheduled: 1 });
    expect(await mq.receive('/a')).toEqual([]);
    await mq.publish('/a', 'after');
    expect(await mq.receive('/a')).toMatchObject([{ data: 'after' }]);
    expect(await queue.purge({ group: 'other' })).toBe(13);
  });

  test('leaves what is in flight, and drops it if it fails later', async () => {
    const mq = broker.mq({ group: 'g' });
    for (const data of ['done', 'retry', 'dead', 'released', 'waits'] as const) {
      await mq.publish('/a', data);
    }
    const [done, retry, dead, released] = await mq.receive('/a', { count: 4 });
    expect(await mq.queue('/a').purge()).toBe(1);
    expect((await mq.queue('/a').inFlight()).length).toBe(4);
    expect(await done?.ack()).toBe('settled');
    const dropped: LeanMQEvents['dropped'][0][] = [];
    const others: unknown[] = [];
    mq.events.on('dropped', (event) => dropped.push(event));
    for (const name of ['retried', 'deadLettered', 'leaseLost'] as const) {
      mq.events.on(name, () => others.push(name));
    }
    expect(await retry?.retry({ afterMs: 0 })).toBe('settled');
    expect(await dead?.deadLetter()).toBe('settled');
    expect(dropped).toMatchObject([{ id: retry?.id, attempt: 1 }, { id: dead?.id }]);
    expect(others).toEqual([]);
    // A message that is only released has not failed.
    await released?.release();
    expect(await mq.receive('/a', { count: 9, blockMs: 50 })).toMatchObject([{ data: 'released' }]);
    expect(await mq.deadLetters('/a').count()).toBe(0);
    expect((await mq.queue('/a').info()).groups[0]).toMatchObject({ scheduled: 0 });
  });

  test('spares redeliveries in flight, and later messages are delivered as usual', async () => {
    const mq = broker.mq({ group: 'g', handlers: { attempts: 9 } });
    for (let n = 0; n < 4; n += 1) await mq.publish('/a', n);
    for (const delivery of await mq.receive('/a', { count: 4 })) await delivery.release();
    const [held] = await mq.receive('/a');
    expect(await mq.queue('/a').purge()).toBe(3);
    expect(await broker.redis.xlen(broker.key('a', 'inbox:g'))).toBe(1);
    await held?.retry({ afterMs: 0 });
    await mq.publish('/a', 'later');
    const [later] = await mq.receive('/a', { blockMs: 500 });
    expect(later?.data).toBe('later');
    await later?.retry({ afterMs: 0 });
    await eventually(async () => (await mq.receive('/a', { blockMs: 50 })).length === 1);
  });

  test('while consumers run neither loses nor duplicates what was published after it', async () => {
    const seen: number[] = [];
    const consumer = await broker.consume<number>('/a', ({ data }) => void seen.push(data), {
      group: 'g',
    });
    const publisher = broker.mq();
    let dropped = 0;
    for (let round = 0; round < 20; round += 1) {
      const sends = Array.from({ length: 50 }, (_, n) => publisher.publish('/a', round * 100 + n));
      dropped += await consumer.queue('/a').purge();
      await Promise.all(sends);
    }
    dropped += await consumer.queue('/a').purge();
    await publisher.publish('/a', -1);
    await eventually(() => seen.includes(-1));
    await eventually(() => consumer.health().inFlight === 0);
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.length + dropped).toBe(1_001);
  });

  test('counts correctly where Redis has lost count', async () => {
    const mq = broker.mq({ group: 'g' });
    await mq.queue('/a').declareGroup('g');
    const ids: string[] = [];
    for (let n = 0; n < 10; n += 1) ids.push((await mq.publish('/a', n)).id);
    await broker.redis.xdel(broker.key('a', 'log'), ids[4] ?? '');
    expect(await mq.queue('/a').purge()).toBe(9);
    await mq.publish('/a', 'next');
    expect((await mq.queue('/a').groups())[0]).toMatchObject({ waiting: 1 });
  });

  test('refuses an unknown group and invalid options', async () => {
    const mq = broker.mq({ group: 'g' });
    await mq.publish('/a', 1);
    const queue = mq.queue('/a');
    await expect(queue.purge({ group: 'typo' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(queue.purge({ group: 'a:b' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    const both = { group: 'g', allGroups: true };
    await expect(queue.purge(both)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(queue.purge({ all: true } as object)).rejects.toThrow(/"all" is not known/);
    expect(await lengthOf('a')).toBe(1);
  });
});

describe('purging all groups', () => {
  test('drops delayed messages too, and frees what nobody was given', async () => {
    const mq = broker.mq({ group: 'one', retention: { count: 1_000 } });
    const queue = mq.queue('/a');
    await queue.declareGroup('two');
    await queue.declareGroup('one');
    for (let n = 0; n < 5; n += 1) await mq.publish('/a', n);
    const [history, held] = await mq.receive('/a', { count: 2 });
    await history?.ack();
    await mq.publish('/a', 'delayed', { delayMs: 60_000, messageId: 'mine' });
    // Two groups, one of which was given two of the five messages.
    expect(await queue.purge({ allGroups: true })).toBe(5 + 3 + 1);
    // History and messages in flight stay.
    expect(await lengthOf('a')).toBe(2);
    expect(await queue.info()).toMatchObject({
      scheduled: 0,
      groups: [{ waiting: 0 }, { waiting: 0 }],
    });
    expect(await held?.ack()).toBe('settled');
    // The message was never published, so its id is free again.
    expect(await mq.publish('/a', 'other data', { messageId: 'mine' })).toMatchObject({
      outcome: 'published',
    });
  });

  test('empties a queue that nobody has subscribed to', async () => {
    const mq = broker.mq();
    for (let n = 0; n < 1_200; n += 1) void mq.publish('/a', n);
    await eventually(async () => (await lengthOf('a')) === 1_200);
    expect(await mq.queue('/a').purge({ allGroups: true })).toBe(1_200);
    expect(await lengthOf('a')).toBe(0);
  });

  test('frees thousands of unread messages in small steps', async () => {
    const mq = broker.mq();
    await mq.queue('/a').declareGroup('g');
    for (let n = 0; n < 1_700; n += 1) void mq.publish('/a', n);
    await eventually(async () => (await lengthOf('a')) === 1_700);
    expect(await mq.queue('/a').purge({ allGroups: true })).toBe(1_700);
    expect(await lengthOf('a')).toBe(0);
  });

  test('leaves dead letters alone', async () => {
    const mq = await broker.consume('/a', () => Promise.reject(new RejectError()), { group: 'g' });
    const dead = nextEvent(mq.events, 'deadLettered');
    await mq.publish('/a', 1);
    await dead;
    expect(await mq.queue('/a').purge({ allGroups: true })).toBe(0);
    expect(await mq.deadLetters('/a').count()).toBe(1);
  });
});
