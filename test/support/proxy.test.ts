import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { eventually, nextEvent } from './eventually.js';
import { TcpProxy } from './proxy.js';
import { connectTo, disconnect, removeKeys, sharedRedisUrl, uniquePrefix } from './redis.js';

describe('TcpProxy', () => {
  const prefix = uniquePrefix('proxy');
  const key = `${prefix}:count`;
  const opened: Redis[] = [];
  let proxy: TcpProxy;
  let direct: Redis;
  let client: Redis;

  beforeEach(async () => {
    proxy = await TcpProxy.start(Number(new URL(sharedRedisUrl()).port));
    direct = await open(sharedRedisUrl());
    client = await open(proxy.url);
  });

  afterEach(async () => {
    await removeKeys(direct, prefix);
    for (const redis of opened.splice(0)) disconnect(redis);
    await proxy.stop();
  });

  async function open(url: string): Promise<Redis> {
    const redis = await connectTo(url);
    opened.push(redis);
    return redis;
  }

  it('passes everything through while no fault is set', async () => {
    const large = 'x'.repeat(1_000_000);
    await client.set(key, large);
    expect(await client.get(key)).toBe(large);
  });

  it('ends the existing connections on cut() and lets new ones in', async () => {
    const closed = nextEvent(client, 'close');
    proxy.cut();
    await closed;
    await expect(client.ping()).rejects.toThrow();

    const next = await open(proxy.url);
    expect(await next.ping()).toBe('PONG');
  });

  it('keeps old connections open but silent after halfOpen(), while new ones work', async () => {
    proxy.halfOpen();
    const unanswered = watched(client.incr(key));
    const next = await open(proxy.url);

    expect(await next.ping()).toBe('PONG');
    expect(unanswered.isDone).toBe(false);
    expect(client.status).toBe('ready');
    expect(await direct.get(key)).toBeNull();
  });

  it('hides from Redis after halfOpen() that the client has hung up', async () => {
    const id = await client.client('ID');
    proxy.halfOpen();
    client.disconnect();
    const next = await open(proxy.url);
    const nextId = await next.client('ID');
    next.disconnect();

    await eventually(async () => (await direct.client('LIST', 'ID', nextId)) === '');
    expect(await direct.client('LIST', 'ID', id)).toContain(`id=${id} `);

    proxy.cut();
    await eventually(async () => (await direct.client('LIST', 'ID', id)) === '');
  });

  it('lets commands through after dropReplies() and swallows their replies', async () => {
    proxy.dropReplies();
    const unanswered = client.incr(key);

    await eventually(async () => (await direct.get(key)) === '1');
    proxy.dropReplies(0);
    watched(client.ping());
    // The first reply that arrives is that of the next command.
    expect(await unanswered).toBe('PONG');
  });

  it('swallows exactly n replies after dropReplies(n)', async () => {
    proxy.dropReplies(1);
    const first = client.incr(key);
    await eventually(async () => (await direct.get(key)) === '1');
    watched(client.ping());
    expect(await first).toBe('PONG');

    const next = await open(proxy.url);
    expect(await next.incr(key)).toBe(2);
  });

  it('executes a command once, loses its reply and cuts the connection after cutAfterReplyTo()', async () => {
    const fired = proxy.cutAfterReplyTo(/incr/i);
    expect(await client.ping()).toBe('PONG');

    await expect(client.incr(key)).rejects.toThrow();
    await fired;
    expect(await direct.get(key)).toBe('1');

    const next = await open(proxy.url);
    expect(await next.incr(key)).toBe(2);
  });

  it('passes on half of a reply before the cut when cutAfterReplyTo() is told to', async () => {
    const socket = connect(proxy.port, '127.0.0.1');
    let heard = '';
    socket.on('data', (chunk) => (heard += chunk.toString()));
    const fired = proxy.cutAfterReplyTo('ECHO', { half: true });
    socket.write('ECHO 0123456789\r\n');

    await once(socket, 'close');
    await fired;
    // The whole reply would be "$10\r\n0123456789\r\n".
    expect(heard).toBe('$10\r\n0123');
  });

  it('lets nobody in between refuse() and accept()', async () => {
    proxy.refuse();
    await expect(open(proxy.url)).rejects.toThrow();
    expect(await client.ping()).toBe('PONG');

    proxy.accept();
    const next = await open(proxy.url);
    expect(await next.ping()).toBe('PONG');
  });

  it('delays data in both directions after delay()', async () => {
    proxy.delay(40);
    const startedAt = performance.now();
    await client.ping();
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(79);
  });

  it('keeps the order of data when the delay changes', async () => {
    proxy.delay(60);
    const slow = client.rpush(key, 'first');
    await eventually(() => proxy.delayed === 1, { everyMs: 1 });
    proxy.delay(0);
    const quick = client.rpush(key, 'second');
    await Promise.all([slow, quick]);

    expect(await direct.lrange(key, 0, -1)).toEqual(['first', 'second']);
  });
});

/** Watches a promise without awaiting it and without leaving its rejection unhandled. */
function watched(promise: Promise<unknown>): { readonly isDone: boolean } {
  const watch = { isDone: false };
  const mark = (): void => void (watch.isDone = true);
  promise.then(mark, mark);
  return watch;
}
