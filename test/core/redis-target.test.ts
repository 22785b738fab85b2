import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { inspect } from 'node:util';

import { afterAll, afterEach, beforeAll, describe, expect, it, test } from '@jest/globals';
import { LeanMQ, type LeanMQOptions } from '@leanmq/core';
import { Redis } from 'ioredis';

import { QUICK } from '../support/broker.js';
import { eventually, nextEvent } from '../support/eventually.js';
import { RedisServer } from '../support/redis-server.js';
import { SentinelSet } from '../support/sentinel.js';

const PASSWORD = 'S3cr3tPw';
/** Options that a factory's client needs when the factory does not pass them on. */
const SAFE = {
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
} as const;

let server: RedisServer;
let opened: { close(): unknown }[] = [];

beforeAll(async () => {
  server = await RedisServer.start();
});
afterEach(async () => {
  await Promise.all(opened.map((each) => each.close()));
  opened = [];
});
afterAll(() => server.stop());

function mqOf(redis: LeanMQOptions['redis'], options: Partial<LeanMQOptions> = {}): LeanMQ {
  const mq = new LeanMQ({ ...QUICK, redis, group: 'g', connectTimeoutMs: 5_000, ...options });
  opened.push(mq);
  return mq;
}

function place(): { host: string; port: number } {
  return { host: '127.0.0.1', port: server.port };
}

async function delivers(mq: LeanMQ): Promise<void> {
  await mq.consume('/a', () => undefined);
  const acked = nextEvent(mq.events, 'acked');
  await mq.publish('/a', 1);
  await acked;
}

describe('a start that fails names what is in the way:', () => {
  test('a Sentinel in place of Redis', async () => {
    const set = await SentinelSet.start({ replicas: 0 });
    try {
      const mq = mqOf(`redis://127.0.0.1:${set.port}`);
      const refusal = { code: 'SERVER_UNFIT', message: expect.stringMatching(/"sentinels"/) };
      await expect(mq.start()).rejects.toMatchObject(refusal);
      await mq.close();
    } finally {
      await set.stop();
    }
  });

  test('sentinels that do not answer, without a fallback to localhost', async () => {
    const sentinels = [{ host: '127.0.0.1', port: 1 }];
    const mq = mqOf({ sentinels, name: 'main' }, { connectTimeoutMs: 300 });
    await expect(mq.start()).rejects.toThrow(
      'Redis at master "main" of the sentinels 127.0.0.1:1 was not reachable within 300 ms',
    );
  });

  test('a server of another kind', async () => {
    const other = createServer((socket) => {
      socket.on('error', () => undefined).end('HTTP/1.1 400 Bad Request\r\n\r\n');
      socket.resume();
    });
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port: otherPort } = other.address() as AddressInfo;
    const mq = mqOf(`redis://127.0.0.1:${otherPort}`, { connectTimeoutMs: 500 });
    await expect(mq.start()).rejects.toThrow('the server is not Redis');
    await mq.close();
    other.close();
    await once(other, 'close');
  });

  test('a server without TLS where TLS is expected', async () => {
    const mq = mqOf(`rediss://127.0.0.1:${server.port}`, { connectTimeoutMs: 500 });
    await expect(mq.start()).rejects.toThrow('no reply to the TLS handshake');
  });

  test('a Cluster node that is down, within the time limit', async () => {
    const node = await RedisServer.start({ config: { 'cluster-enabled': 'yes' } });
    const mq = mqOf(node.url, { connectTimeoutMs: 1_000 });
    const startedAt = performance.now();
    await expect(mq.start()).rejects.toThrow(/CLUSTERDOWN/);
    expect(performance.now() - startedAt).toBeLessThan(4_000);
    await mq.close();
    await node.stop();
  });
});

describe('a database that the server does not have', () => {
  const factory: LeanMQOptions['redis'] = (_, options) =>
    new Redis({ ...options, ...place(), db: 99 });
  test.each<[string, () => LeanMQOptions['redis']]>([
    ['a URL', () => `redis://127.0.0.1:${server.port}/99`],
    ['options', () => ({ ...place(), db: 99 })],
    ['a factory', () => factory],
  ])(
    'is refused at once when %s names it, and nothing goes to another database',
    async (_, redis) => {
      const mq = mqOf(redis(), { connectTimeoutMs: 60_000 });
      await expect(mq.publish('/a', 1)).rejects.toMatchObject({
        code: 'BROKER_REFUSED',
        message: expect.stringMatching(/refused database 99 \(option "redis"\).*out of range/),
      });
      await expect(mq.start()).rejects.toMatchObject({ code: 'BROKER_REFUSED' });
      const client = new Redis(server.url);
      expect(await client.keys('*')).toEqual([]);
      client.disconnect();
    },
  );

  it('is a fault of a process that waits for Redis', async () => {
    const mq = mqOf(`redis://127.0.0.1:${server.port}/99`, {
      connect: 'wait',
      publishTimeoutMs: 200,
    });
    const fault = nextEvent(mq.events, 'fault');
    await expect(mq.publish('/a', 1)).rejects.toMatchObject({ outcome: 'not-sent' });
    expect(await fault).toMatchObject({
      where: 'connect',
      error: { message: expect.stringContaining('out of range') },
    });
  });

  it('is not replaced by another one for the escape-hatch client', async () => {
    const mq = mqOf(`redis://127.0.0.1:${server.port}/99`);
    await expect(mq.redis.set('a', 1)).rejects.toThrow();
    await eventually(() => expect(mq.redis.status).toBe('end'));
  });
});

describe('a client factory', () => {
  it('may return clients that are already connected', async () => {
    const ready = Array.from({ length: 3 }, () => new Redis({ ...place(), ...SAFE }));
    await Promise.all(
      ready.map((client) => new Promise<void>((resolve) => void client.once('ready', resolve))),
    );
    const mq = mqOf(() => ready.pop() as Redis);
    await delivers(mq);
    expect(mq.health().status).toBe('up');
  });

  it('that returns one client for two roles is refused, and the client is closed', async () => {
    const client = new Redis({ ...place(), ...SAFE });
    expect(() => new LeanMQ({ redis: () => client })).toThrow(/already has another role/);
    await eventually(() => expect(client.status).toBe('end'));
  });
});

it('an invalid URL scheme is refused at once, and the error hides the password', () => {
  expect(() => new LeanMQ({ redis: `http://:${PASSWORD}@127.0.0.1` })).toThrow(/scheme is "http"/);
  expect(() => new LeanMQ(`redis://:${PASSWORD}@h` as never)).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining(PASSWORD) }),
  );
});

it('a Valkey URL with spaces around it works like a Redis URL', async () => {
  await delivers(mqOf(` valkey://127.0.0.1:${server.port} \n`));
});

test('no object that a program can inspect reveals the password', async () => {
  const mq = mqOf(`redis://:${PASSWORD}@127.0.0.1:${server.port}`, { connect: 'wait' });
  const error: unknown = await mqOf({ ...place(), password: PASSWORD })
    .connect()
    .catch((thrown: unknown) => thrown);
  const objects = [mq, mq.events, mq.schedules, mq.queue('/a'), mq.deadLetters('/a'), mq.redis];
  for (const each of [...objects, error, { nested: [mq] }]) {
    for (const look of [{ depth: 12 }, { depth: 12, showHidden: true, getters: true }]) {
      expect(inspect(each, look)).not.toContain(PASSWORD);
    }
  }
  expect(JSON.stringify({ mq, health: mq.health(), redis: mq.redis })).not.toContain(PASSWORD);
});

test('a server that closes silent connections closes none of an idle process', async () => {
  const strict = await RedisServer.start({ config: { timeout: '1' } });
  const mq = mqOf(strict.url);
  const lost: string[] = [];
  mq.events.on('connectionLost', ({ role }) => lost.push(role));
  await delivers(mq);
  const silent = new Redis(strict.url);
  await silent.ping();
  // The server looks for silent clients now and then; once this one is gone, it has looked twice.
  for (let rounds = 0; rounds < 2; rounds += 1) {
    await new Promise((resolve) => silent.once('close', resolve));
  }
  silent.disconnect();
  expect(lost).toEqual([]);
  await mq.close();
  await strict.stop();
});
