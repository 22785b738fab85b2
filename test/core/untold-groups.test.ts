import { afterEach, describe, expect, test } from '@jest/globals';
import type { LeanMQ } from '@leanmq/core';

import { useBroker } from '../support/broker.js';
import { eventually } from '../support/eventually.js';

const broker = useBroker();

const allow = (...rules: readonly string[]): Promise<unknown> =>
  broker.redis.call('ACL', 'SETUSER', broker.prefix, ...rules);

afterEach(() => broker.redis.call('ACL', 'DELUSER', broker.prefix));

/** Starts a queue with groups that wait for its one message, as a Redis user of its own. */
async function setUp(ttlMs?: number): Promise<LeanMQ> {
  await allow('on', '>secret', '~*', '&*', '+@all');
  const { host = '', port = 0 } = broker.redis.options;
  const mq = broker.mq({
    ...{ group: 'g', sweepMs: 600_000 },
    redis: { host, port, username: broker.prefix, password: 'secret' },
  });
  for (const name of ['g', 'other']) {
    await mq.queue('/a').declareGroup(name, { onExpired: 'dead-letter' });
  }
  await mq.publish('/a', 1, { messageId: 'm', ...(ttlMs === undefined ? {} : { ttlMs }) });
  return mq;
}

describe('a message is kept when the server hides which groups wait for it,', () => {
  test.each<[string, (mq: LeanMQ) => Promise<unknown>, unknown]>([
    ['a purge of all groups', (mq) => mq.queue('/a').purge({ allGroups: true }), 2],
    ['a purge of one', (mq) => mq.queue('/a').purge(), 1],
    [
      'a removal for all groups',
      (mq) => mq.queue('/a').remove('m', { allGroups: true }),
      'waiting',
    ],
  ])('during %s', async (_, act, outcome) => {
    const mq = await setUp();
    await allow('-xinfo');
    await expect(act(mq)).rejects.toMatchObject({ code: 'BROKER_DENIED' });
    await allow('+xinfo');
    for (const group of await mq.queue('/a').groups()) expect(group).toMatchObject({ waiting: 1 });
    expect(await act(mq)).toBe(outcome);
  });

  test('during a sweep after its time to live', async () => {
    const mq = await setUp(1);
    await allow('-xinfo');
    // Measured from its expiry.
    await eventually(() =>
      expect(mq.queue('/a').sweep()).rejects.toMatchObject({ code: 'BROKER_DENIED' }),
    );
    expect(await broker.redis.xlen(broker.key('a', 'log'))).toBe(1);
    await allow('+xinfo');
    expect(await mq.queue('/a').sweep()).toMatchObject({ expired: 1 });
    for (const group of ['g', 'other']) expect(await mq.deadLetters('/a', group).count()).toBe(1);
  });
});
