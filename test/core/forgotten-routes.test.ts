import { describe, expect, test } from '@jest/globals';

import { useBroker } from '../support/broker.js';
import { eventually } from '../support/eventually.js';

const broker = useBroker();
const LONG_AGO = Date.now() - 8 * 24 * 3_600_000;

const registry = (): string => `${broker.prefix}:routes`;
const noted = (what: string): string => `${broker.prefix}:{${registry()}}:${what}`;

/** Registers routes as if nobody had used them for a long time. */
async function agedRoutes(...paths: string[]): Promise<void> {
  const fields = Object.fromEntries(paths.map((path) => [`route:${path}`, `${LONG_AGO}`]));
  await broker.redis.multi().hset(registry(), fields).hincrby(registry(), 'version', 1).exec();
  await broker.redis.zadd(noted('used'), ...paths.flatMap((path) => [LONG_AGO, path]));
}

async function knownPaths(): Promise<string[]> {
  const fields = await broker.redis.hkeys(registry());
  return fields
    .filter((field) => field.startsWith('route:'))
    .map((field) => field.slice('route:'.length))
    .toSorted();
}

describe('a route that nobody has used for a week', () => {
  test('is forgotten when nothing is left of it, and other routes are not', async () => {
    const used = ['dead', 'grouped', 'lately', 'scheduled', 'set', 'ticking', 'waiting'];
    await agedRoutes('gone', 'emptied', ...used);
    await broker.redis.xadd(broker.key('emptied', 'log'), '1-0', 'd', '1');
    await broker.redis.xdel(broker.key('emptied', 'log'), '1-0');
    await broker.redis.xadd(broker.key('waiting', 'log'), '*', 'd', '1');
    await broker.redis.zadd(broker.key('scheduled', 'schedule'), 1e15, 'send:x');
    await broker.redis.zadd(broker.key('ticking', 'ticks'), 1e15, 'daily');
    await broker.redis.zadd(noted('used'), Date.now(), 'lately');
    await broker.redis.hset(registry(), {
      'group:g:grouped': `${LONG_AGO}`,
      'former:g:dead': `${LONG_AGO}`,
      'setting:maxLength:set': '5',
    });
    const mq = broker.mq();
    await mq.publish('/new', 1);
    await eventually(async () => expect(await knownPaths()).toEqual([...used, 'new'].toSorted()));
    expect(await broker.redis.exists(broker.key('emptied', 'log'))).toBe(0);
    // Every process hears of it.
    await eventually(async () => {
      const seen = (await mq.queues()).map(({ path }) => path).toSorted();
      expect(seen).toEqual([...used, 'new'].toSorted());
    });
  });

  test('is registered again by a running publisher that uses it again', async () => {
    const publisher = broker.mq({ tidy: false });
    await publisher.publish('/a', 1);
    await broker.redis.del(broker.key('a', 'log'));
    await agedRoutes('a');
    await broker.mq().publish('/new', 1);
    await eventually(async () => expect(await knownPaths()).toEqual(['new']));
    await eventually(async () => {
      await publisher.publish('/a', 2);
      expect(await knownPaths()).toEqual(['a', 'new']);
    });
  });

  test('comes back when a publisher sent to it before hearing that it was forgotten, and died', async () => {
    await broker.redis.zadd(noted('forgotten'), LONG_AGO, 'a', LONG_AGO, 'b');
    await broker.redis.xadd(broker.key('a', 'log'), '*', 'd', '1');
    await broker.mq().publish('/new', 1);
    await eventually(async () => expect(await knownPaths()).toEqual(['a', 'new']));
    await eventually(async () => expect(await broker.redis.zcard(noted('forgotten'))).toBe(0));
  });
});

test('a tombstone is forgotten after a week, unless dead letters of its route are left', async () => {
  const operator = broker.mq();
  for (const path of ['/plain', '/kept', '/grouped']) await operator.publish(path, 1);
  await operator.queue('/kept').declareGroup('g');
  await operator.queue('/grouped').declareGroup('g');
  await operator.queue('/plain').delete();
  await operator.queue('/kept').delete();
  await operator.queue('/grouped').delete({ deadLetters: true });
  for (const path of ['plain', 'kept', 'grouped']) {
    await broker.redis.zadd(noted('tombstones'), LONG_AGO, path);
    await broker.redis.zadd(noted('used'), LONG_AGO, path);
  }
  const tombstones = { 'deleted:kept': `${LONG_AGO}`, 'deleted:grouped': `${LONG_AGO}` };
  await broker.redis.hset(registry(), tombstones);
  await broker.redis.hincrby(registry(), 'version', 1);
  await broker.mq().publish('/new', 1);
  await eventually(async () => {
    expect(await broker.redis.zrange(noted('tombstones'), '0', '-1')).toEqual(['kept']);
  });
  expect(await broker.redis.hexists(registry(), 'deleted:grouped')).toBe(0);
  expect(await broker.redis.hexists(registry(), 'deleted:kept')).toBe(1);
  expect(await broker.redis.hexists(registry(), 'former:g:kept')).toBe(1);
});
