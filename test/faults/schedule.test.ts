import { afterEach, describe, expect, test } from '@jest/globals';
import type { LeanMQEvents } from '@leanmq/core';

import { QUICK, useBroker } from '../support/broker.js';
import { Child, killChildren } from '../support/children.js';
import { eventually, nextEvent } from '../support/eventually.js';
import type { SchedulerSettings } from '../support/programs/scheduler.js';
import { serverNow } from '../support/recurring.js';
import { connectTo } from '../support/redis.js';
import { useFaultyRig } from '../support/server.js';

const broker = useBroker();
const rig = useFaultyRig();
afterEach(killChildren);

async function schedulers(
  count: number,
  settings: Pick<SchedulerSettings, 'recurring'> = {},
): Promise<Child[]> {
  const options = { ...QUICK, redis: broker.url, prefix: broker.prefix };
  const all: SchedulerSettings = { path: '/due', options, ...settings };
  const children = Array.from({ length: count }, () => Child.start('scheduler', all));
  await Promise.all(children.map((child) => child.says(says('ready'))));
  return children;
}

const says =
  (what: string) =>
  (message: unknown): boolean =>
    (message as [string])[0] === what;

/** Resolves with the first child that reports `what`. */
const firstToSay = (children: readonly Child[], what: string): Promise<Child> =>
  Promise.race(children.map((child) => child.says(says(what)).then(() => child)));

/** Returns the message ids on the log. */
async function logged(): Promise<string[]> {
  const entries = await broker.redis.xrange(broker.key('due', 'log'), '-', '+');
  return entries.map(([id, fields]) => {
    const at = fields.indexOf('i');
    return at < 0 ? id : (fields[at + 1] as string);
  });
}

describe('kill -9 of a process that moves due messages', () => {
  test('while thousands become due leaves each one moved, and moved once', async () => {
    const children = await schedulers(3);
    const hellos = await broker.redis.xlen(broker.key('due', 'log'));
    const dueFrom = (await serverNow(broker.redis)) + 2_000;
    // Over four seconds, so the surviving processes have something left to move, however fast the server is.
    const items = Array.from({ length: 8_000 }, (_, data) => ({
      data,
      options: { deliverAt: dueFrom + data / 2 },
    }));
    const publisher = broker.mq();
    const sent = await publisher.publishMany('/due', items);
    await publisher.close();
    const ids = sent.map((result) => ('id' in result ? result.id : ''));
    const first = await firstToSay(children, 'promoted');
    await first.kill();
    const others = children.filter((child) => child !== first);
    const second = await firstToSay(others, 'promoted');
    await second.kill();
    const schedule = broker.key('due', 'schedule');
    await eventually(async () => (await broker.redis.zcard(schedule)) === 0, { timeoutMs: 15_000 });
    expect(await broker.redis.exists(broker.key('due', 'scheduled'))).toBe(0);
    expect((await logged()).slice(hellos).sort()).toEqual(ids.sort());
  });
});

describe('kill -9 of a process that makes recurring sends', () => {
  test('while three processes catch up leaves each instant published, and published once', async () => {
    const recurring = {
      id: 'tock',
      path: '/due',
      everyMs: 1_000,
      data: 'x',
      catchUp: 'all',
    } as const;
    const ticks = broker.key('due', 'ticks');
    // Not due before all are there: an instant made while they start would be a duplicate when they catch up.
    const maker = broker.mq({ tidy: false });
    await maker.schedules.upsert(recurring);
    await broker.redis.zadd(ticks, (await serverNow(broker.redis)) + 86_400_000, 'tock');
    await maker.close();
    const children = await schedulers(3, { recurring });
    expect(await logged()).toEqual([]);
    // As if nobody had been there for a while.
    const dueAt = Math.floor((await serverNow(broker.redis)) / 1_000) * 1_000 - 3_000_000;
    await broker.redis.zadd(ticks, dueAt, 'tock');
    const first = await firstToSay(children, 'ticked');
    await first.kill();
    const second = await firstToSay(
      children.filter((child) => child !== first),
      'ticked',
    );
    await second.kill();
    const nextAt = async (): Promise<number> => Number(await broker.redis.zscore(ticks, 'tock'));
    await eventually(async () => (await nextAt()) > (await serverNow(broker.redis)), {
      timeoutMs: 15_000,
    });
    const caughtUp = await logged();
    expect(caughtUp.length).toBeGreaterThanOrEqual(3_000);
    expect(caughtUp).toEqual(caughtUp.map((_, n) => `tock@${dueAt + n * 1_000}`));
  });

  test('at the regular pace leaves no instant out and makes none twice', async () => {
    const recurring = {
      id: 'tick',
      path: '/due',
      everyMs: 1_000,
      data: 'x',
      catchUp: 'all',
    } as const;
    const children = await schedulers(2, { recurring });
    const watcher = broker.mq();
    await watcher.connect();
    const first = await firstToSay(children, 'ticked');
    await first.kill();
    await eventually(async () => new Set(await logged()).size >= 4, { timeoutMs: 10_000 });
    const ids = await logged();
    const instants = ids.map((id) => Number(id.split('@')[1]));
    expect(instants).toEqual(instants.map((_, n) => (instants[0] as number) + n * 1_000));
  });
});

test('a cancellation whose reply was lost still reports that it cancelled', async () => {
  const server = await rig.server();
  const proxy = await rig.proxy(server);
  const mq = rig.mq(proxy.url);
  const redis = await connectTo(server.url);
  const schedule = `${rig.prefix}:{later}:schedule`;
  await mq.publish('/later', 'x', { messageId: 'a', delayMs: 60_000 });
  // From here on, the server knows the script.
  await mq.cancel('/later', 'warm');
  const cancelled = nextEvent<LeanMQEvents['cancelled'][0]>(mq.events, 'cancelled');
  const fired = proxy.cutAfterReplyTo(schedule);
  const outcome = mq.cancel('/later', 'a');
  await fired;
  expect(await redis.zcard(schedule)).toBe(0);
  expect(await outcome).toBe('cancelled');
  expect(await cancelled).toEqual({ path: 'later', id: 'a' });
  redis.disconnect();
});
