import { describe, expect, test } from '@jest/globals';
import type { LeanMQ } from '@leanmq/core';

import { useBroker } from '../support/broker.js';
import { eventually, nextEvent } from '../support/eventually.js';
import { within } from '../support/within.js';

const broker = useBroker();

/** Resolves when a read of the group blocks at the server. */
async function readWaits(group: string): Promise<void> {
  await eventually(async () => {
    const list = (await broker.redis.call('CLIENT', 'LIST')) as string;
    return list
      .split('\n')
      .some((line) => line.includes(`name=leanmq:${group}:read`) && / flags=\S*b/.test(line));
  });
}

const groupsOf = (mq: LeanMQ): Promise<unknown> =>
  mq
    .queue('/a')
    .groups()
    .then((groups) => groups.map(({ group, waiting, inFlight }) => [group, waiting, inFlight]));

describe('a group that was removed', () => {
  test('does not come back by a receive under any name; declaring it brings it back', async () => {
    const mq = broker.mq({ group: 'g' });
    await mq.publish('/a', 1);
    const [first] = await mq.receive('/a');
    await first?.ack();
    const operator = broker.mq();
    await operator.queue('/a').removeGroup('g', { force: true });
    for (const options of [{}, {}, { consumer: 'ada' }]) {
      await expect(mq.receive('/a', options)).rejects.toMatchObject({
        code: 'NOT_FOUND',
        message: 'Group "g" was removed from "/a/". Declare it, or restart its service.',
      });
    }
    expect(await broker.redis.xinfo('GROUPS', broker.key('a', 'log'))).toEqual([]);
    expect(await operator.queue('/a').groups()).toEqual([]);

    await operator.queue('/a').declareGroup('g', { startFrom: 'latest' });
    await operator.publish('/a', 2);
    expect(await mq.receive('/a', { count: 9 })).toMatchObject([{ data: 2 }]);
  });

  test('while a receive waits ends the wait', async () => {
    const mq = broker.mq();
    await mq.receive('/a');
    const waiting = mq.receive('/a', { blockMs: 4_000 });
    waiting.catch(() => undefined);
    await readWaits(broker.prefix);
    await broker.mq().queue('/a').removeGroup(broker.prefix, { force: true });
    await expect(within(3_000, waiting)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('does not come back by another pass of the same process', async () => {
    const mq = broker.mq({ group: 'g' });
    const seen: unknown[] = [];
    mq.handle('/a', ({ data }) => void seen.push(data));
    mq.handle('/b', ({ data }) => void seen.push(data));
    await mq.publish('/a', 1);
    await mq.processOnce();
    await broker.mq().queue('/a').removeGroup('g', { force: true });
    const warned = nextEvent(mq.events, 'warning');
    await mq.publish('/b', 2);
    expect(await mq.processOnce()).toMatchObject({ processed: 1 });
    expect(await warned).toMatchObject({ code: 'GROUP_REMOVED' });
    expect(seen).toEqual([1, 2]);
    expect(await broker.redis.xinfo('GROUPS', broker.key('a', 'log'))).toEqual([]);
  });
});

describe('a queue that was deleted', () => {
  test('comes back for a receiver with the publish that revives it', async () => {
    const mq = broker.mq({ group: 'g', startFrom: 'latest' });
    await mq.receive('/a');
    await mq.queue('/a').delete();
    await expect(mq.receive('/a')).rejects.toThrow(/"\/a\/" was deleted. Publish to it/);
    await mq.publish('/a', 'revives');
    expect(await mq.receive('/a')).toMatchObject([{ data: 'revives' }]);
  });
});

describe('a group that is paused', () => {
  test('is given nothing, in any process, until it is resumed', async () => {
    const mq = broker.mq({ group: 'g' });
    await mq.receive('/a');
    await mq.queue('/a').pause();
    const late = broker.mq({ group: 'g' });
    await mq.publish('/a', 1);
    for (const each of [mq, late]) expect(await each.receive('/a')).toEqual([]);
    expect(await groupsOf(mq)).toEqual([['g', 1, 0]]);
    await mq.queue('/a').resume();
    expect(await mq.receive('/a')).toMatchObject([{ data: 1, attempt: 1 }]);
  });

  test('keeps a receive waiting, and ends the wait when it is resumed', async () => {
    const mq = broker.mq({ group: 'g' });
    await mq.receive('/a');
    await mq.queue('/a').pause();
    await mq.publish('/a', 1);
    const startedAt = performance.now();
    expect(await mq.receive('/a', { blockMs: 300 })).toEqual([]);
    expect(performance.now() - startedAt).toBeGreaterThan(250);
    const waiting = mq.receive('/a', { blockMs: 8_000 });
    await mq.queue('/a').resume();
    expect(await within(3_000, waiting)).toMatchObject([{ data: 1 }]);
  });

  test('releases what a waiting read brings, without using up an attempt', async () => {
    const mq = broker.mq();
    await mq.receive('/a');
    const waiting = mq.receive('/a', { blockMs: 8_000 });
    await readWaits(broker.prefix);
    await mq.queue('/a').pause();
    await mq.publish('/a', 1);
    expect(await within(3_000, waiting)).toEqual([]);
    await eventually(async () => expect(await groupsOf(mq)).toEqual([[broker.prefix, 1, 0]]));
    expect(await mq.receive('/a')).toEqual([]);
    await mq.queue('/a').resume();
    expect(await mq.receive('/a')).toMatchObject([{ data: 1, attempt: 1 }]);
  });

  test('ends a waiting receive when its process closes', async () => {
    const mq = broker.mq({ group: 'g' });
    await mq.receive('/a');
    await mq.queue('/a').pause();
    const waiting = mq.receive('/a', { blockMs: 60_000 });
    waiting.catch(() => undefined);
    await mq.close();
    await expect(within(3_000, waiting)).rejects.toMatchObject({ code: 'CLOSED' });
  });

  test('starts nothing in a pass that is already waiting', async () => {
    const mq = broker.mq();
    const seen: unknown[] = [];
    mq.handle('/a', ({ data }) => void seen.push(data));
    const pass = mq.processOnce({ blockMs: 8_000 });
    await readWaits(broker.prefix);
    await mq.queue('/a').pause();
    await mq.publish('/a', 1);
    expect(await within(4_000, pass)).toMatchObject({ processed: 0 });
    expect(seen).toEqual([]);
    expect(await groupsOf(mq)).toEqual([[broker.prefix, 1, 0]]);
    await mq.queue('/a').resume();
    expect(await mq.processOnce()).toMatchObject({ processed: 1 });
  });
});
