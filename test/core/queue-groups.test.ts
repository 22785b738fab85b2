import { describe, expect, test } from '@jest/globals';
import { GroupBusyError, NotFoundError, RejectError, type LeanMQ } from '@leanmq/core';

import { useBroker } from '../support/broker.js';
import { eventually, nextEvent } from '../support/eventually.js';

const broker = useBroker();

const LATER = { attempts: 3, backoff: { type: 'fixed', delayMs: 60_000 } } as const;

async function keysOf(path: string): Promise<string[]> {
  const keys = await broker.redis.keys(`${broker.key(path, '')}*`);
  return keys
    .map((key) => key.slice(broker.key(path, '').length))
    .filter((key) => !/^(publisher|sweeper)/.test(key))
    .toSorted();
}

describe('declaring a group', () => {
  test('before its service is deployed keeps the log from being trimmed, so the service misses nothing', async () => {
    const mq = broker.mq({ group: 'other', retention: { count: 0 } });
    await mq.queue('/a').declareGroup('late');
    let others = 0;
    await mq.consume('/a', () => void (others += 1));
    for (let n = 0; n < 300; n += 1) void mq.publish('/a', n);
    await eventually(() => others === 300);
    await mq.queue('/a').sweep();
    const got: unknown[] = [];
    await broker.consume('/a', ({ data }) => void got.push(data), { group: 'late' });
    await eventually(() => got.length === 300);
    expect(await mq.queue('/a').groups()).toMatchObject([{ group: 'late' }, { group: 'other' }]);
  });

  test('starts it where asked, and keeps that start when it is repeated', async () => {
    const mq = broker.mq();
    await mq.publish('/a', 'before');
    const queue = mq.queue('/a');
    await queue.declareGroup('latest', { startFrom: 'latest' });
    await queue.declareGroup('future', { startFrom: { at: Date.now() + 3_600_000 } });
    await queue.declareGroup('past', { startFrom: { at: 0 } });
    await queue.declareGroup('latest', { startFrom: 'earliest' });
    await mq.publish('/a', 'after');
    const waiting = (await queue.groups()).map(({ group, waiting: count }) => [group, count]);
    expect(Object.fromEntries(waiting)).toEqual({ latest: 1, future: 0, past: 2 });
  });

  test('refuses an invalid name or option', async () => {
    const queue = broker.mq().queue('/a');
    for (const group of ['', 'a:b', 'a b', '*', 'x'.repeat(129), 7 as unknown as string]) {
      await expect(queue.declareGroup(group)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
      await expect(queue.removeGroup(group)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    }
    for (const startFrom of ['first', { at: -1 }, { at: Number.NaN }, null]) {
      const options = { startFrom: startFrom as 'latest' };
      await expect(queue.declareGroup('g', options)).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
      });
    }
    const onExpired = 'drop' as 'discard';
    await expect(queue.declareGroup('g', { onExpired })).rejects.toThrow(/"onExpired" is "drop"/);
    const misspelt = { from: 'latest' } as object;
    await expect(queue.declareGroup('g', misspelt)).rejects.toThrow(/"from" is not known/);
    expect(await queue.exists()).toBe(false);
  });
});

describe('the time when a group was last seen', () => {
  test('is refreshed by its running consumers and stays once they have stopped', async () => {
    const mq = await broker.consume('/a', () => undefined, { group: 'g', leaseMs: 300 });
    const seenAt = async (): Promise<number> =>
      (await mq.queue('/a').groups())[0]?.seenAt ?? Number.NaN;
    const first = await seenAt();
    await eventually(async () => (await seenAt()) > first);
    const other = broker.mq();
    await mq.close();
    const [before] = await other.queue('/a').groups();
    await nextSecond(other);
    expect(await other.queue('/a').groups()).toEqual([before]);
  });

  /** Resolves after more than a second, when the process has read the registry again. */
  async function nextSecond(mq: LeanMQ): Promise<void> {
    const at = performance.now() + 1_100;
    await eventually(async () => (await mq.queues()).length > 0 && performance.now() > at);
  }
});

describe('removing a group', () => {
  test('drops what waits or is scheduled for it and keeps its dead letters', async () => {
    const mq = broker.mq({ group: 'gone', handlers: LATER });
    await mq.queue('/a').declareGroup('stays');
    await mq.consume<string>('/a', ({ data }) => {
      throw data === 'dead' ? new RejectError() : new Error('later');
    });
    await mq.publish('/a', 'dead');
    const retried = nextEvent(mq.events, 'retried');
    await mq.publish('/a', 'retry');
    await retried;
    await mq.publish('/a', 'delayed', { delayMs: 60_000 });
    await mq.close();
    const keeper = broker.mq({ group: 'stays' });
    await keeper.publish('/a', 'waits');
    const queue = keeper.queue('/a');
    expect(await queue.removeGroup('gone')).toEqual({ dropped: 2, deadLetters: 1 });
    expect((await queue.groups()).map(({ group }) => group)).toEqual(['stays']);
    expect(await keysOf('a')).toEqual(['dead:gone', 'inbox:stays', 'log', 'schedule', 'scheduled']);
    expect(await queue.info()).toMatchObject({
      scheduled: 1,
      groups: [
        { group: 'gone', isRemoved: true, dead: 1 },
        { group: 'stays', waiting: 3 },
      ],
    });
    // Its dead letters can still be read and discarded.
    expect(await queue.deadLetters('gone').list()).toMatchObject([{ data: 'dead' }]);
    expect(await queue.deadLetters('gone').discard({})).toMatchObject({ done: 1 });
    expect((await queue.info()).groups).toHaveLength(1);
    await expect(queue.removeGroup('gone')).rejects.toBeInstanceOf(NotFoundError);
  });

  test('drops its dead letters too when asked to', async () => {
    const mq = broker.mq({ group: 'g' });
    await mq.publish('/a', 1);
    await mq.receive('/a').then(([delivery]) => delivery?.deadLetter());
    await mq.close();
    const queue = broker.mq().queue('/a');
    expect(await queue.removeGroup('g', { deadLetters: true })).toEqual({
      dropped: 0,
      deadLetters: 0,
    });
    expect(await keysOf('a')).not.toContain('dead:g');
  });

  test('lets the log be trimmed that was kept for it and for a stopped replay', async () => {
    const mq = broker.mq({ group: 'fast', retention: { count: 0 } });
    const queue = mq.queue('/a');
    await queue.declareGroup('absent');
    let done = 0;
    await mq.consume('/a', () => void (done += 1));
    for (let n = 0; n < 500; n += 1) void mq.publish('/a', n);
    await eventually(() => done === 500);
    const stopped = await mq.replay('/a', { group: 'absent', signal: AbortSignal.abort() });
    expect(stopped.state).toBe('stopped');
    expect(await queue.sweep()).toMatchObject({ trimmed: 0 });
    await queue.removeGroup('absent');
    await queue.sweep();
    expect(await broker.redis.xlen(broker.key('a', 'log'))).toBeLessThan(200);
    expect(await keysOf('a')).not.toContain('replays');
  });

  test.each(['0-0 null', '0-0 5', '0-0 {', 'x'])(
    'succeeds despite the note %j among the replays, which does not stop trimming either',
    async (note) => {
      const mq = broker.mq({ group: 'g', retention: { count: 0 } });
      await mq.queue('/a').declareGroup('g');
      await mq.queue('/a').declareGroup('h');
      await broker.redis.hset(broker.key('a', 'replays'), 'foreign', note);
      await expect(mq.queue('/a').removeGroup('h')).resolves.toMatchObject({ dropped: 0 });
      await mq.publish('/a', 1);
      for (const delivery of await mq.receive('/a')) await delivery.ack();
      await mq.queue('/a').sweep();
      expect(await broker.redis.xlen(broker.key('a', 'log'))).toBe(0);
    },
  );

  test('is refused while it has a consumer, even if it is paused, unless it is forced', async () => {
    const mq = await broker.consume('/a', () => undefined, { group: 'g' });
    const queue = mq.queue('/a');
    const failure = queue.removeGroup('g');
    await expect(failure).rejects.toBeInstanceOf(GroupBusyError);
    await expect(failure).rejects.toMatchObject({ code: 'GROUP_BUSY', retryable: true });
    await expect(failure).rejects.toThrow(new RegExp(`${mq.consumer}.*force`));
    await queue.pause();
    // The consumer no longer announces itself, but its process is alive.
    await broker.redis.del(broker.key('a', 'here:g'));
    await expect(queue.removeGroup('g')).rejects.toThrow(/is paused and recently had a consumer/);
  });

  test('is refused while it has messages in flight, even if their consumer is long gone', async () => {
    const log = broker.key('a', 'log');
    const mq = broker.mq();
    await mq.publish('/a', 1);
    await mq.queue('/a').declareGroup('g');
    await broker.redis.xreadgroup('GROUP', 'g', 'crashed', 'STREAMS', log, '>');
    await expect(mq.queue('/a').removeGroup('g')).rejects.toThrow(/messages in flight \(1\)/);
    expect(await mq.queue('/a').removeGroup('g', { force: true })).toMatchObject({ dropped: 0 });
    expect(await mq.queue('/a').groups()).toEqual([]);
  });

  test('by force stops its consumers with a warning; a restart or a new declaration brings it back', async () => {
    const seen: unknown[] = [];
    const mq = await broker.consume('/a', ({ data }) => void seen.push(data), { group: 'g' });
    const warned = nextEvent<{ code: string; message: string }>(mq.events, 'warning');
    const operator = broker.mq();
    await operator.queue('/a').removeGroup('g', { force: true });
    expect(await warned).toMatchObject({ code: 'GROUP_REMOVED' });
    await operator.publish('/a', 'while removed');
    // A consumer that is still running does not create the group again.
    const until = performance.now() + 700;
    await eventually(async () => {
      expect(await operator.queue('/a').groups()).toEqual([]);
      return performance.now() > until;
    });
    expect(seen).toEqual([]);
    await operator.queue('/a').declareGroup('g', { startFrom: 'latest' });
    await operator.publish('/a', 'after');
    await eventually(() => seen.length === 1);
    expect(seen).toEqual(['after']);

    await operator.queue('/a').removeGroup('g', { force: true });
    await mq.close();
    const again: unknown[] = [];
    await broker.consume('/a', ({ data }) => void again.push(data), { group: 'g' });
    await eventually(() => again.length === 2);
    expect(again).toEqual(['while removed', 'after']);
  });

  test('can be repeated when it stopped between its two steps, and blocks nothing meanwhile', async () => {
    const mq = broker.mq();
    await mq.publish('/a', 1);
    await mq.queue('/a').declareGroup('g');
    // The state that the first step leaves.
    await broker.redis.xgroup('DESTROY', broker.key('a', 'log'), 'g');
    await broker.redis.del(broker.key('a', 'inbox:g'));
    expect(await mq.queue('/a').removeGroup('g')).toEqual({ dropped: 0, deadLetters: 0 });
    expect(await mq.queue('/a').groups()).toEqual([]);
  });
});
