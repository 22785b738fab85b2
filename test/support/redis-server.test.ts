import { existsSync } from 'node:fs';
import { afterEach, describe, expect, it } from '@jest/globals';
import { connectTo, sharedRedisUrl } from './redis.js';
import { RedisServer } from './redis-server.js';

describe('RedisServer', () => {
  let server: RedisServer | undefined;

  afterEach(async () => {
    await server?.stop();
    server = undefined;
  });

  async function ask(...command: [string, ...string[]]): Promise<unknown> {
    const redis = await connectTo(running().url);
    try {
      return await redis.call(...command);
    } finally {
      redis.disconnect();
    }
  }

  function running(): RedisServer {
    if (!server) throw new Error('no server was started');
    return server;
  }

  it('starts its own Redis, which only this machine can reach', async () => {
    server = await RedisServer.start();

    expect(await ask('INFO', 'server')).toContain(`process_id:${server.pid}\r\n`);
    expect(await ask('CONFIG', 'GET', 'bind')).toEqual(['bind', '127.0.0.1']);
  });

  it('keeps what was written through kill -9 and restart, with an append-only file', async () => {
    server = await RedisServer.start({ appendonly: 'always' });
    const { pid, port } = server;
    await ask('SET', 'order', 'shipped');

    await server.kill();
    await expect(ask('PING')).rejects.toThrow();
    await server.restart();

    expect(await ask('GET', 'order')).toBe('shipped');
    expect(server.port).toBe(port);
    expect(server.pid).not.toBe(pid);
  });

  it('forgets everything in a kill -9 without an append-only file', async () => {
    server = await RedisServer.start({ appendonly: 'no' });
    await ask('SET', 'order', 'shipped');

    await server.kill();
    await server.restart();

    expect(await ask('GET', 'order')).toBeNull();
  });

  it('answers nothing while frozen and continues when thawed', async () => {
    server = await RedisServer.start();
    const redis = await connectTo(server.url);
    server.freeze();

    let answered = false;
    const reply = redis.ping().then((pong) => {
      answered = true;
      return pong;
    });
    // Meanwhile another server answers many times.
    const other = await connectTo(sharedRedisUrl());
    for (let n = 0; n < 100; n += 1) await other.ping();
    other.disconnect();
    expect(answered).toBe(false);

    server.thaw();
    expect(await reply).toBe('PONG');
    redis.disconnect();
  });

  it('passes its configuration on', async () => {
    server = await RedisServer.start({
      config: { 'maxmemory-policy': 'allkeys-lru', 'client-output-buffer-limit': 'normal 1 1 1' },
    });

    expect(await ask('CONFIG', 'GET', 'maxmemory-policy')).toContain('allkeys-lru');
  });

  it('says why a server did not start', async () => {
    await expect(RedisServer.start({ config: { 'no-such-directive': '1' } })).rejects.toThrow(
      /no-such-directive/,
    );
  });

  it('refuses a port on which another server answers', async () => {
    server = await RedisServer.start();

    await expect(RedisServer.start({ port: server.port })).rejects.toThrow(/Redis/);
    expect(await ask('PING')).toBe('PONG');
  });

  it('leaves neither process nor folder behind', async () => {
    server = await RedisServer.start();
    const { dir, pid } = server;

    await server.stop();
    await server.stop();

    expect(existsSync(dir)).toBe(false);
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });
});
