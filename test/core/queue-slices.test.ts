import { describe, expect, test } from '@jest/globals';
import type { LeanMQEvents } from '@leanmq/core';

import { useBroker } from '../support/broker.js';

const broker = useBroker();

const many = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

/** Puts an entry into the schedule, as a failure would. */
async function schedule(path: string, members: readonly string[]): Promise<void> {
  const pipeline = broker.redis.pipeline();
  for (const member of members) {
    pipeline.zadd(broker.key(path, 'schedule'), Date.now() + 3_600_000, member);
    pipeline.hset(broker.key(path, 'scheduled'), member, 'packed');
  }
  await pipeline.exec();
}

/** Adds dead letters of group `g`, oldest first; returns their ids. */
async function bury(path: string, letters: readonly (readonly string[])[]): Promise<string[]> {
  const ids: string[] = [];
  for (const fields of letters) {
    ids.push((await broker.redis.xadd(broker.key(path, 'dead:g'), '*', ...fields)) ?? '');
  }
  return ids;
}

const history = (origin: string): string =>
  JSON.stringify({ origin, attempts: 1, crashes: 0, reason: 'failed' });
const letter = (n: number, size = 1): string[] => [
  'm',
  history(`1-${n + 1}`),
  'd',
  JSON.stringify('x'.repeat(size)),
];
const wide = (): string[] => ['m', history('1-1'), ...many(7_500).flatMap((n) => [`f${n}`, 'v'])];

describe('a purge in slices', () => {
  test('drops thousands of retries of its group, and none of the others', async () => {
    const mq = broker.mq({ group: 'g' });
    await mq.queue('/a').declareGroup('g');
    await mq.queue('/a').declareGroup('other');
    await mq.publish('/a', 1);
    await mq.receive('/a').then(([delivery]) => delivery?.ack());
    await schedule(
      'a',
      many(3_000).map((n) => `retry:g:log:1-${n}`),
    );
    await schedule(
      'a',
      many(500).map((n) => `retry:other:log:1-${n}`),
    );
    await schedule(
      'a',
      many(500).map((n) => `send:s${n}`),
    );
    expect(await mq.queue('/a').purge()).toBe(3_000);
    expect(await broker.redis.zcard(broker.key('a', 'schedule'))).toBe(1_000);
    expect(await broker.redis.hlen(broker.key('a', 'scheduled'))).toBe(1_000);
  });

  test('spares the retry of a message that came after it', async () => {
    const mq = broker.mq({ group: 'g', handlers: { attempts: 9 } });
    await mq.publish('/a', 'before');
    const [before] = await mq.receive('/a');
    await before?.retry({ afterMs: 60_000 });
    await mq.queue('/a').purge();
    await mq.publish('/a', 'after');
    const [after] = await mq.receive('/a');
    await after?.retry({ afterMs: 60_000 });
    // Retries are scanned while new ones come in; marks tell which are older.
    expect((await mq.queue('/a').info()).groups[0]).toMatchObject({ scheduled: 1 });
    const [member] = await broker.redis.zrange(broker.key('a', 'schedule'), '0', '-1');
    expect(member).toBe(`retry:g:log:${after?.id}`);
  });

  test('that was interrupted is finished by the next one', async () => {
    const mq = broker.mq({ group: 'g' });
    const queue = mq.queue('/a');
    await queue.declareGroup('g');
    for (const n of many(3)) await mq.publish('/a', n, { delayMs: 60_000, messageId: `m${n}` });
    // The state after the first step of a purge whose process died.
    await broker.redis.rename(broker.key('a', 'schedule'), broker.key('a', 'schedule-purged'));
    await broker.redis.del(broker.key('a', 'scheduled'));
    expect(await queue.purge({ allGroups: true })).toBe(0);
    expect(await broker.redis.exists(broker.key('a', 'schedule-purged'))).toBe(0);
    for (const n of many(3)) {
      expect(await mq.publish('/a', 'other', { messageId: `m${n}` })).toMatchObject({
        outcome: 'published',
      });
    }
  });

  test('of all groups frees large messages and keeps the history before them', async () => {
    const mq = broker.mq({ group: 'g', retention: { count: 1_000 } });
    await mq.publish('/a', 'kept');
    await mq.receive('/a').then(([delivery]) => delivery?.ack());
    for (const n of many(30)) await mq.publish('/a', [n, 'x'.repeat(100_000)]);
    expect(await mq.queue('/a').purge({ allGroups: true })).toBe(30);
    expect(await broker.redis.xlen(broker.key('a', 'log'))).toBe(1);
  });
});

describe('removing a group in slices', () => {
  test('drops thousands of its retries, and can be repeated after an interruption', async () => {
    const mq = broker.mq({ group: 'g' });
    const queue = mq.queue('/a');
    await queue.declareGroup('g');
    await schedule(
      'a',
      many(2_000).map((n) => `retry:g:log:1-${n}`),
    );
    expect(await queue.removeGroup('g')).toMatchObject({ dropped: 2_000 });
    // The state when the process died after the group was gone.
    await schedule(
      'a',
      many(2_000).map((n) => `retry:g:log:1-${n}`),
    );
    expect(await queue.removeGroup('g')).toMatchObject({ dropped: 2_000 });
    await expect(queue.removeGroup('g')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('dead letters', () => {
  test('that cannot be processed keep no other from being listed, replayed and moved, and are reported', async () => {
    const mq = broker.mq({ group: 'g' });
    await mq.queue('/a').declareGroup('g');
    const warnings: LeanMQEvents['warning'][0][] = [];
    mq.events.on('warning', (warning) => warnings.push(warning));
    const [first, tooWide, foreign, last] = await bury('a', [
      letter(0),
      wide(),
      ['not', 'ours'],
      letter(3),
    ]);
    const letters = mq.deadLetters('/a');
    expect((await letters.list()).map(({ id }) => id)).toEqual([first, tooWide, foreign, last]);
    expect(await letters.replay([first ?? '', tooWide ?? '', foreign ?? ''])).toEqual([
      first,
      foreign,
    ]);
    expect(await letters.moveTo('/b', {})).toMatchObject({ matched: 2, done: 1 });
    expect((await letters.list()).map(({ id }) => id)).toEqual([tooWide]);
    expect(warnings.map(({ code }) => code)).toEqual(['DEAD_LETTER_WIDE', 'DEAD_LETTER_WIDE']);
    expect(await mq.queue('/a').info()).toMatchObject({ groups: [{ dead: 1, waiting: 2 }] });
  });

  test('that are large are replayed and moved once each, however many there are', async () => {
    const mq = broker.mq({ group: 'g' });
    await mq.queue('/a').declareGroup('g');
    await bury(
      'a',
      many(40).map((n) => letter(n, 150_000)),
    );
    expect(await mq.deadLetters('/a').replay({ limit: 20 })).toMatchObject({ replayed: 20 });
    expect(await mq.deadLetters('/a').moveTo('/b', {})).toMatchObject({ done: 20 });
    expect(await broker.redis.xlen(broker.key('a', 'inbox:g'))).toBe(20);
    expect(await broker.redis.xlen(broker.key('b', 'log'))).toBe(20);
  });
});

describe('a replay to a group that does not exist', () => {
  test('is refused, for dead letters and for history', async () => {
    const mq = broker.mq({ group: 'g' });
    await mq.publish('/a', 1);
    await mq.receive('/a').then(([delivery]) => delivery?.deadLetter());
    await mq.queue('/a').removeGroup('g', { force: true });
    const letters = mq.deadLetters('/a');
    await expect(letters.replayAll()).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(mq.replay('/a')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(mq.replay('/a', { group: 'typo' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await letters.count()).toBe(1);
    expect(await broker.redis.exists(broker.key('a', 'inbox:g'))).toBe(0);
    await mq.queue('/a').declareGroup('g');
    expect(await letters.replayAll()).toBe(1);
  });
});

describe('a replay whose process died', () => {
  test('is listed for its queue, as one that nobody is running', async () => {
    const mq = broker.mq({ group: 'g' });
    await mq.queue('/a').declareGroup('g');
    await mq.publish('/a', 1);
    const stopped = await mq.replay('/a', { signal: AbortSignal.abort() });
    const [fresh] = (await mq.queue('/a').info()).replays;
    expect(fresh).toMatchObject({ id: stopped.id, group: 'g', isRunning: true });
    const key = broker.key('a', 'replays');
    const note = (await broker.redis.hget(key, stopped.id)) ?? '';
    await broker.redis.hset(key, stopped.id, note.replace(/"seen":\d+/, '"seen":1000'));
    await broker.redis.hset(key, 'foreign', 'whatever');
    const [info] = await mq.queues();
    expect(info?.replays).toMatchObject([{ id: stopped.id, seenAt: 1_000, isRunning: false }]);
    expect(await mq.replay('/a', { resume: stopped.id })).toMatchObject({ replayed: 1 });
  });

  test('causes one warning while it keeps the log from being trimmed, and no longer does so after a day', async () => {
    const mq = broker.mq({ group: 'g', retention: { count: 0 }, sweepMs: 60_000 });
    const warnings: LeanMQEvents['warning'][0][] = [];
    mq.events.on('warning', (warning) => warnings.push(warning));
    await mq.queue('/a').declareGroup('g');
    for (const n of many(300)) void mq.publish('/a', n);
    await mq.publish('/a', 'last');
    const past = await mq.receive('/a', { count: 301 });
    await Promise.all(past.map((delivery) => delivery.ack()));
    const { id } = await mq.replay('/a', { signal: AbortSignal.abort() });
    const key = broker.key('a', 'replays');
    const leave = async (agoMs: number): Promise<void> => {
      const note = (await broker.redis.hget(key, id)) ?? '';
      const seen = `"seen":${Date.now() - agoMs}`;
      await broker.redis.hset(key, id, note.replace(/"seen":\d+/, seen));
    };
    expect((await mq.queue('/a').sweep()).trimmed).toBe(0);
    expect(warnings).toEqual([]);
    await leave(2 * 60_000);
    expect((await mq.queue('/a').sweep()).trimmed).toBe(0);
    expect((await mq.queue('/a').sweep()).trimmed).toBe(0);
    expect(warnings.map(({ code }) => code)).toEqual(['REPLAY_STOPPED']);
    await leave(25 * 3_600_000);
    expect((await mq.queue('/a').sweep()).trimmed).toBeGreaterThan(250);
  });
});
