import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { expectNoClients, expectNoNewResources, openResources } from './leaks.js';
import { connectTo, sharedRedisUrl, uniquePrefix } from './redis.js';

describe('the check for leaks', () => {
  const name = uniquePrefix('leaks');
  let redis: Redis;

  beforeAll(async () => {
    redis = await connectTo(sharedRedisUrl());
  });

  afterAll(() => {
    redis.disconnect();
  });

  it('finds a connection left open, by its name', async () => {
    const forgotten = await connectTo(sharedRedisUrl());
    await forgotten.client('SETNAME', `${name}:reader`);
    await expect(expectNoClients(redis, name, { timeoutMs: 50 })).rejects.toThrow(`${name}:reader`);

    forgotten.disconnect();
    await expectNoClients(redis, name);
  });

  it('finds a timer and a server left behind', async () => {
    const before = await openResources();
    const timer = setInterval(() => undefined, 1_000);
    const server = createServer().listen(0, '127.0.0.1');
    const now = await openResources();
    expect(now.get('Timeout')).toBe((before.get('Timeout') ?? 0) + 1);
    expect(now.get('TCPServerWrap')).toBe((before.get('TCPServerWrap') ?? 0) + 1);
    await expect(expectNoNewResources(before, { timeoutMs: 50 })).rejects.toThrow('left behind');

    clearInterval(timer);
    server.close();
    await expectNoNewResources(before);
  });
});
