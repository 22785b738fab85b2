import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

import { describe, expect, test } from '@jest/globals';
import type { LeanMQ, LeanMQOptions } from '@leanmq/core';
import type { Redis } from 'ioredis';

import { eventually, nextEvent } from '../support/eventually.js';
import type { TcpProxy } from '../support/proxy.js';
import { disconnect } from '../support/redis.js';
import { callsOf, startReplicated, type Replicated } from '../support/replicas.js';
import { useFaultyRig } from '../support/server.js';

const rig = useFaultyRig();

const logOf = (path: string): string => `${rig.prefix}:{${path}}:log`;
const ONE = { replicas: 1, timeoutMs: 10_000 };
const SOON = { replicas: 1, timeoutMs: 500 };

interface Setup extends Replicated {
  readonly mq: LeanMQ;
  readonly proxy: TcpProxy;
}

async function setUp(options: Partial<LeanMQOptions> = {}): Promise<Setup> {
  const replicated = await startReplicated(rig);
  const proxy = await rig.proxy(replicated.master);
  const mq = rig.mq(proxy.url, { durability: ONE, ...options });
  await mq.publish('/warm', 'up', { durability: ONE });
  // The server now knows both scripts, so the first reply is the one to the append.
  await mq.publish('/warm', 'up', { messageId: 'warm', durability: ONE });
  return { ...replicated, mq, proxy };
}

async function killClients(redis: Redis): Promise<void> {
  await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
}

/** Command and first argument, as in `+1700000000.1 [0 lua] "SET" "key"`. */
const MONITORED = /^\+[\d.]+ \[\d+ [^\]]+\] "([^"]*)"(?: "([^"]*)")?/;

/** Records the server's WAITs and its writes of publisher markers from now on, in order. */
async function watch(url: string): Promise<{ seen: string[]; stop: () => void }> {
  // Not by ioredis, which stumbles over output that arrives before it knows that it monitors.
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  const seen: string[] = [];
  const lines = createInterface({ input: socket });
  lines.on('line', (line) => {
    const [, command = '', key = ''] = MONITORED.exec(line) ?? [];
    if (/^wait$/i.test(command)) seen.push('wait');
    if (/^set$/i.test(command) && key.includes(':publisher:')) seen.push('marker');
  });
  socket.write('MONITOR\r\n');
  await once(lines, 'line');
  return {
    seen,
    stop: () => {
      lines.close();
      socket.destroy();
    },
  };
}

describe('when a connection fails while replicas are waited for,', () => {
  test('a batch whose reply to WAIT was lost is settled and waited for again', async () => {
    const { mq, proxy, redis } = await setUp();
    const before = await callsOf(redis, 'wait');
    const fired = proxy.cutAfterReplyTo(/\r\nwait\r\n/i);
    const sends = Array.from({ length: 20 }, (_, n) => mq.publish(n % 2 === 0 ? '/a' : '/b', n));
    await fired;
    const results = await Promise.all(sends);
    const ids = [...(await redis.xrange(logOf('a'), '-', '+'))].map(([id]) => id);
    expect(results.filter((_, n) => n % 2 === 0).map(({ id }) => id)).toEqual(ids);
    expect(await redis.xlen(logOf('b'))).toBe(10);
    expect((await callsOf(redis, 'wait')) - before).toBeGreaterThanOrEqual(2);
    disconnect(redis);
  });

  test('a resent append whose first reply was lost does not pass for confirmed when the replica has nothing', async () => {
    const { mq, proxy, master, replica, redis } = await setUp({ durability: SOON });
    replica.freeze();
    const { seen, stop } = await watch(master.url);
    const fired = proxy.cutAfterReplyTo(logOf('a'));
    const sent = mq.publish('/a', 'x', { messageId: 'one' });
    const rejected = expect(sent).rejects.toMatchObject({ code: 'NOT_REPLICATED', confirmed: 0 });
    await fired;
    await rejected;
    // WAIT covers writes on its own connection: the resent batch must count as one.
    expect(seen.slice(0, 3)).toEqual(['marker', 'marker', 'wait']);
    stop();
    replica.thaw();
    const again = await mq.publish('/a', 'x', { messageId: 'one', durability: ONE });
    expect(again).toMatchObject({ outcome: 'duplicate' });
    expect(await redis.xlen(logOf('a'))).toBe(1);
    disconnect(redis);
  });

  test('a plain batch whose reply was lost writes again when it is sent again', async () => {
    const { mq, proxy, master, replica, redis } = await setUp({ durability: SOON });
    replica.freeze();
    const { seen, stop } = await watch(master.url);
    const fired = proxy.cutAfterReplyTo(logOf('a'));
    const sent = mq.publish('/a', 'x');
    const rejected = expect(sent).rejects.toMatchObject({ code: 'NOT_REPLICATED', confirmed: 0 });
    await fired;
    await rejected;
    expect(seen.slice(0, 3)).toEqual(['marker', 'marker', 'wait']);
    stop();
    expect(await redis.xlen(logOf('a'))).toBe(1);
    disconnect(redis);
  });

  test('a duplicate of a message that replicas do not have is not taken for confirmed', async () => {
    const { mq, replica, redis } = await setUp({ durability: SOON });
    replica.freeze();
    await mq.publish('/a', 'x', { messageId: 'one', durability: 'memory' });
    const sent = mq.publish('/a', 'x', { messageId: 'one' });
    await expect(sent).rejects.toMatchObject({ code: 'NOT_REPLICATED', confirmed: 0 });
    disconnect(redis);
  });

  test('nothing resolves before a frozen replica is thawed, however often the connection is killed', async () => {
    const { mq, replica, redis } = await setUp({ publishTimeoutMs: 60_000 });
    replica.freeze();
    let resolved = 0;
    const sends = Array.from({ length: 400 }, (_, n) =>
      mq.publish(`/${'abcd'.charAt(n % 4)}`, n).then(() => (resolved += 1)),
    );
    for (let kill = 0; kill < 30; kill += 1) {
      await killClients(redis);
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
    await eventually(async () => (await redis.xlen(logOf('d'))) === 100);
    expect(resolved).toBe(0);
    replica.thaw();
    await Promise.all(sends);
    for (const path of ['a', 'b', 'c', 'd']) expect(await redis.xlen(logOf(path))).toBe(100);
    disconnect(redis);
  });

  test('every message is stored once under load, however often the connection is killed', async () => {
    const { mq, redis } = await setUp();
    const numbers = Array.from({ length: 3_000 }, (_, n) => n);
    let left = numbers.length;
    const sends = numbers.map(async (n) => {
      for (let turn = 0; turn < n / 50; turn += 1) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      await mq.publish('/a', n);
      left -= 1;
    });
    const killing = (async () => {
      while (left > 0) {
        await killClients(redis);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })();
    await Promise.all([...sends, killing]);
    const stored = (await redis.xrange(logOf('a'), '-', '+')).map(([, [, data]]) => Number(data));
    expect(stored.toSorted((x, y) => x - y)).toEqual(numbers);
    disconnect(redis);
  });

  test('a half-open connection is given up, and the publish is done on a new one', async () => {
    const { mq, proxy, redis } = await setUp();
    proxy.halfOpen();
    expect(await mq.publish('/a', 1)).toMatchObject({ outcome: 'published' });
    expect(await redis.xlen(logOf('a'))).toBe(1);
    disconnect(redis);
  });

  test('a connection to a demoted master is given up, and its sends are settled on a new one', async () => {
    const { mq, replica, redis } = await setUp();
    replica.freeze();
    const sent = mq.publish('/a', 1);
    await eventually(async () => (await redis.xlen(logOf('a'))) === 1);
    const lost = nextEvent(mq.events, 'connectionLost');
    await redis.replicaof('127.0.0.1', 1);
    await lost;
    await redis.replicaof('NO', 'ONE');
    replica.thaw();
    expect(await sent).toMatchObject({ outcome: 'published' });
    expect(await redis.xlen(logOf('a'))).toBe(1);
    disconnect(redis);
  });
});
