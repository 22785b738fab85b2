import { describe, expect, test } from '@jest/globals';
import { RejectError, type LeanMQEvents } from '@leanmq/core';

import { useBroker } from '../support/broker.js';
import { eventually, nextEvent } from '../support/eventually.js';

const broker = useBroker();

type Warning = LeanMQEvents['warning'][0];

const isDeleted = async (mq: ReturnType<typeof broker.mq>, path: string): Promise<boolean> =>
  !(await mq.queue(path).exists());

async function keysOf(path: string): Promise<string[]> {
  const keys = await broker.redis.keys(`${broker.key(path, '')}*`);
  return keys.map((key) => key.slice(broker.key(path, '').length)).toSorted();
}

describe('a deleted queue', () => {
  test('leaves nothing behind but a tombstone and its dead letters', async () => {
    const mq = broker.mq({ group: 'g', handlers: { attempts: 2 } });
    await mq.publish('/a', 'dead', { messageId: 'mine', ttlMs: 60_000 });
    await mq.publish('/a', 'delayed', { delayMs: 60_000 });
    const [first] = await mq.receive('/a');
    await first?.deadLetter();
    await mq.publish('/a', 'retried');
    const [second] = await mq.receive('/a');
    await second?.retry({ afterMs: 60_000 });
    await mq.publish('/a', 'waits');
    await mq.close();

    const operator = broker.mq();
    expect(await operator.queue('/a').delete()).toBe(3);
    const left = (await keysOf('a')).filter((key) => !/^(publisher|sweeper)/.test(key));
    expect(left).toEqual(['dead:g']);
    const [info] = await operator.queues();
    expect(info).toMatchObject({
      path: 'a',
      messages: 0,
      scheduled: 0,
      groups: [{ group: 'g', dead: 1, isRemoved: true }],
    });
    expect(info?.deletedAt).toBeGreaterThan(Date.now() - 60_000);
    expect(await operator.queue('/a').deadLetters('g').count()).toBe(1);
    await expect(operator.queue('/a').delete()).rejects.toThrow(/was deleted. Publish to it/);
  });

  test('loses its dead letters too when asked to', async () => {
    const mq = broker.mq({ group: 'g' });
    await mq.publish('/a', 1);
    await mq.receive('/a').then(([delivery]) => delivery?.deadLetter());
    await mq.queue('/a').delete({ deadLetters: true });
    expect(await keysOf('a')).not.toContain('dead:g');
    expect(await mq.queues()).toMatchObject([{ path: 'a', groups: [] }]);
    await expect(mq.queue('/a').delete()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('can be deleted again when the first delete stopped after the tombstone and the queue was revived', async () => {
    const mq = broker.mq({ group: 'g' });
    await mq.publish('/a', 'left behind');
    await mq.queue('/a').declareGroup('g');
    const registry = `${broker.prefix}:routes`;
    await broker.redis
      .multi()
      .hdel(registry, 'route:a', 'group:g:a')
      .hset(registry, 'deleted:a', '1', 'former:g:a', '1')
      .hincrby(registry, 'version', 1)
      .exec();
    // Nothing is lost: the remaining message revives the queue.
    await eventually(async () => !(await isDeleted(mq, '/a')));
    expect(await mq.queue('/a').info()).toMatchObject({ messages: 1 });
    await mq.queue('/a').delete();
    expect((await keysOf('a')).filter((key) => !/^(publisher|sweeper)/.test(key))).toEqual([]);
  });

  test('stops its consumers with a warning and is not recreated by them; a publish revives it and they resume', async () => {
    const seen: unknown[] = [];
    const other: unknown[] = [];
    const consumer = broker.mq({ group: 'g' });
    consumer.handle('/a', ({ data }) => void seen.push(data));
    consumer.handle('/b', ({ data }) => void other.push(data));
    await consumer.start();
    const publisher = broker.mq();
    await publisher.publish('/a', 'before');
    await eventually(() => seen.length === 1);
    const warned = nextEvent<Warning>(consumer.events, 'warning');
    const warnings: Warning[] = [];
    consumer.events.on('warning', (warning) => warnings.push(warning));

    await broker.mq().queue('/a').delete();
    expect(await warned).toMatchObject({ code: 'ROUTE_DELETED' });
    const until = performance.now() + 1_500;
    await eventually(async () => {
      expect(await broker.redis.exists(broker.key('a', 'log'))).toBe(0);
      // The other queue continues.
      await publisher.publish('/b', 'meanwhile');
      return performance.now() > until;
    });
    await eventually(() => other.length > 0);
    expect(await isDeleted(publisher, '/a')).toBe(true);
    expect(warnings).toHaveLength(1);

    // The publisher has sent before, and has heard of the deletion in the meantime.
    await publisher.publish('/a', 'after');
    await eventually(() => seen.length === 2);
    expect(seen).toEqual(['before', 'after']);
    expect(await isDeleted(publisher, '/a')).toBe(false);
    expect(await publisher.queue('/a').groups()).toMatchObject([{ group: 'g' }]);

    // A second deletion is reported again.
    const again = nextEvent<Warning>(consumer.events, 'warning');
    await broker.mq().queue('/a').delete();
    expect(await again).toMatchObject({ code: 'ROUTE_DELETED' });
  });

  test('is revived even by a publisher that has not heard of the deletion', async () => {
    const seen: unknown[] = [];
    await broker.consume('/a', ({ data }) => void seen.push(data), { group: 'g' });
    const publisher = broker.mq();
    await publisher.publish('/a', 'before');
    await eventually(() => seen.length === 1);
    const operator = broker.mq();
    await operator.queue('/a').delete();
    // At once, before the publisher looks at the registry again.
    await publisher.publish('/a', 'at once');
    await publisher.close();
    await eventually(() => seen.length === 2);
    expect(await isDeleted(operator, '/a')).toBe(false);
  });

  test('stays deleted even if someone published to it a moment before', async () => {
    const publisher = broker.mq();
    await publisher.publish('/a', 1);
    const operator = broker.mq();
    await operator.queue('/a').delete();
    const until = performance.now() + 2_000;
    await eventually(async () => {
      expect(await isDeleted(operator, '/a')).toBe(true);
      return performance.now() > until;
    });
  });

  test('makes a service that starts meanwhile wait for the publish too', async () => {
    const operator = broker.mq();
    await operator.publish('/a', 1);
    await operator.queue('/a').delete();
    const seen: unknown[] = [];
    const consumer = broker.mq({ group: 'g' });
    const warned = nextEvent<Warning>(consumer.events, 'warning');
    await consumer.consume('/a', ({ data }) => void seen.push(data));
    expect(await warned).toMatchObject({ code: 'ROUTE_DELETED' });
    expect(await broker.redis.exists(broker.key('a', 'log'))).toBe(0);
    await expect(operator.receive('/a')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await operator.publish('/a', 2);
    await eventually(() => seen.length === 1);
  });

  test('is not brought back by the end of a delivery that was in flight', async () => {
    let fail: (() => void) | undefined;
    const consumer = await broker.consume(
      '/a',
      () => new Promise((_, reject) => (fail = () => reject(new RejectError()))),
      { group: 'g' },
    );
    await consumer.publish('/a', 1);
    await eventually(() => fail !== undefined);
    const operator = broker.mq();
    await operator.queue('/a').delete();
    const lost = nextEvent(consumer.events, 'leaseLost');
    fail?.();
    await lost;
    expect((await keysOf('a')).filter((key) => /^(log|inbox|dead|sched)/.test(key))).toEqual([]);
  });

  test('lets callers reuse their message ids, and remembers those used after its revival', async () => {
    const mq = broker.mq();
    const [a, b] = [{ messageId: 'one' }, { messageId: 'two [x]*' }];
    await mq.publish('/a', 1, a);
    await mq.publish('/a', 1, { ...b, delayMs: 60_000 });
    await mq.publish('/other', 1, a);
    await mq.queue('/a').delete();
    expect(await mq.publish('/a', 2, a)).toMatchObject({ outcome: 'published' });
    expect(await mq.publish('/a', 2, b)).toMatchObject({ outcome: 'published' });
    expect(await mq.publish('/a', 2, a)).toMatchObject({ outcome: 'duplicate' });
    expect(await mq.publish('/other', 1, a)).toMatchObject({ outcome: 'duplicate' });
  });

  test('leaves all other queues as they are, whatever their paths', async () => {
    const mq = broker.mq();
    const paths = ['a', 'a:b', 'x:a', 'a*', '[a-z]*', 'group:g:a', 'deleted:a'];
    for (const path of paths) {
      await mq.queue(path).declareGroup('g');
      await mq.publish(path, 1);
      await mq.queue(path).configure({ maxLength: 10 });
    }
    await mq.queue('a').delete();
    await mq.queue('[a-z]*').delete();
    const list = await mq.queues();
    const kept = list.filter(({ deletedAt }) => deletedAt === undefined);
    expect(kept.map(({ path }) => path)).toEqual(['a*', 'a:b', 'deleted:a', 'group:g:a', 'x:a']);
    for (const info of kept) {
      expect(info).toMatchObject({ messages: 1, settings: { maxLength: 10 } });
      expect(info.createdAt).toBeGreaterThan(0);
      expect(info.groups).toMatchObject([{ group: 'g', waiting: 1 }]);
      expect(info.groups[0]?.seenAt).toBeDefined();
    }
  });
});
