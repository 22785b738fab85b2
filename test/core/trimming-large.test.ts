import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';

import { describe, expect, test } from '@jest/globals';

import { useBroker } from '../support/broker.js';
import { eventually } from '../support/eventually.js';

const broker = useBroker();
const log = (): string => broker.key('a', 'log');
const lengthOf = (key: string): Promise<number> => broker.redis.xlen(key);
/** Settings under which nothing is swept by itself. */
const BY_HAND = { sweepMs: 600_000, group: 'g' };

async function add(count: number, bytes = 1): Promise<void> {
  const adding = broker.redis.pipeline();
  const data = JSON.stringify('x'.repeat(bytes));
  for (let n = 0; n < count; n += 1) adding.xadd(log(), '*', 'd', data);
  await adding.exec();
}

/** Has the group read `count` entries and ack all but the last `pending`; returns the ids of those. */
async function finish(count: number, pending = 0, group = 'g'): Promise<string[]> {
  const reply = (await broker.redis.xreadgroup(
    ...(['GROUP', group, 'c', 'COUNT', count, 'STREAMS', log(), '>'] as const),
  )) as [string, [string, string[]][]][];
  const ids = (reply[0]?.[1] ?? []).map(([id]) => id);
  const done = ids.slice(0, ids.length - pending);
  if (done.length > 0) await broker.redis.xack(log(), group, ...done);
  return ids.slice(done.length);
}

/** Starts a queue with a group that is swept by hand. */
async function route(count: number): Promise<{ sweep: () => Promise<unknown> }> {
  const mq = broker.mq({ ...BY_HAND, retention: { count } });
  await mq.queue('/a').declareGroup('g');
  return mq.queue('/a');
}

/** Counts the entries that a call's scripts read, by the counts they asked for. */
async function entriesRead(act: () => Promise<unknown>): Promise<number> {
  const { host = '', port = 0 } = broker.redis.options;
  const monitor = connect({ host, port });
  let seen = '';
  monitor.on('data', (text) => (seen += String(text)));
  monitor.write('MONITOR\r\n');
  await eventually(() => seen.startsWith('+OK'));
  await act();
  const end = randomUUID();
  await broker.redis.echo(end);
  await eventually(() => seen.includes(end));
  monitor.destroy();
  const reads = seen.matchAll(/ lua\] "XR(?:EV)?RANGE" "([^"]*)" .*"(\d+)"\r$/gm);
  return [...reads]
    .filter(([, key]) => key === log())
    .reduce((total, [, , count]) => total + Number(count), 0);
}

describe('trimming a log of large messages', () => {
  test('reads no retained ones when everything is finished', async () => {
    const queue = await route(1_000);
    await add(1_200, 10_000);
    await finish(1_200);
    expect(await entriesRead(() => queue.sweep())).toBeLessThanOrEqual(5);
    expect(await lengthOf(log())).toBe(1_000);
  });

  test('reads no retained ones when something is always in flight', async () => {
    const queue = await route(1_000);
    for (let round = 0; round < 3; round += 1) {
      await add(600, 10_000);
      const pending = await finish(600, 20);
      expect(await entriesRead(() => queue.sweep())).toBeLessThanOrEqual(5);
      await broker.redis.xack(log(), 'g', ...pending);
    }
    // Finished messages are known up to the milestone of the previous sweep.
    await add(10, 10_000);
    await finish(10, 5);
    await queue.sweep();
    const left = await lengthOf(log());
    expect(left).toBeGreaterThanOrEqual(1_005);
    expect(left).toBeLessThanOrEqual(1_000 + 610);
  });
});

describe('a small retention of', () => {
  test.each([0, 1, 10, 150, 199])(
    '%d is kept exactly when everything is finished',
    async (count) => {
      const queue = await route(count);
      await add(1_050);
      await finish(1_050);
      await queue.sweep();
      expect(await lengthOf(log())).toBe(count);
    },
  );

  test.each([0, 1, 10, 150, 199])('%d is kept exactly beside what is unfinished', async (count) => {
    const queue = await route(count);
    await add(1_050);
    const pending = await finish(1_000, 30);
    await queue.sweep();
    const left = await broker.redis.xrange(log(), '-', '+');
    expect(left).toHaveLength(count + 80);
    expect(left[count]?.[0]).toBe(pending[0]);
  });
});

test('a retention of 200 or more is kept to within a node of the stream', async () => {
  const queue = await route(200);
  await add(1_050);
  await finish(1_050);
  await queue.sweep();
  expect(await lengthOf(log())).toBeGreaterThanOrEqual(200);
  expect(await lengthOf(log())).toBeLessThanOrEqual(300);
});

test('ids whose numbers need all 64 bits are told apart: what is unread stays', async () => {
  const queue = await route(0);
  for (const number of ['9007199254740993', '9007199254740994', '18446744073709551615']) {
    await broker.redis.xadd(log(), `5-${number}`, 'd', '1');
  }
  await finish(1);
  await queue.sweep();
  expect(await lengthOf(log())).toBe(2);
  await finish(1);
  await queue.sweep();
  const left = await broker.redis.xrange(log(), '-', '+');
  expect(left.map(([id]) => id)).toEqual(['5-18446744073709551615']);
  await finish(1);
  await queue.sweep();
  expect(await lengthOf(log())).toBe(0);
});

test('a log that was deleted and started again keeps what is unfinished', async () => {
  const queue = await route(300);
  await add(900);
  await finish(900, 1);
  await queue.sweep();
  await broker.redis.del(log());
  await broker.redis.xgroup('CREATE', log(), 'g', '0', 'MKSTREAM');
  await add(2_000);
  await finish(500, 1);
  for (let n = 0; n < 2; n += 1) await queue.sweep();
  expect(await lengthOf(log())).toBeGreaterThanOrEqual(1_501);
});

test('a log is trimmed while no group knows its lag', async () => {
  const queue = await route(300);
  await add(900);
  await finish(400);
  // Deleted beyond what the group has read: the server no longer knows its lag.
  const [last] = await broker.redis.xrevrange(log(), '+', '-', 'COUNT', 1);
  await broker.redis.xdel(log(), last?.[0] ?? '');
  await queue.sweep();
  await finish(400);
  await queue.sweep();
  await finish(400);
  await queue.sweep();
  expect(await lengthOf(log())).toBeLessThanOrEqual(400);
});

test('trimming removes in slices everything that 600 groups leave behind', async () => {
  const queue = await route(0);
  const names = Array.from({ length: 600 }, (_, n) => `many-${n}`);
  const creating = broker.redis.pipeline();
  for (const name of names) {
    creating.xgroup('CREATE', log(), name, '$');
    const inbox = broker.key('a', `inbox:${name}`);
    creating.xgroup('CREATE', inbox, name, '0', 'MKSTREAM');
    creating.xadd(inbox, '1-0', 'd', '1');
    creating.xgroup('SETID', inbox, name, '1-0');
  }
  await creating.exec();
  await add(500);
  await finish(500);
  await queue.sweep();
  // All 600 groups wait for all of them.
  expect(await lengthOf(log())).toBe(500);
  await eventually(async () => {
    const left = broker.redis.pipeline();
    for (const name of names) left.xlen(broker.key('a', `inbox:${name}`));
    const lengths = (await left.exec()) ?? [];
    return lengths.every(([, length]) => length === 0);
  });
});
