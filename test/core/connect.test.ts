import { readFile } from 'node:fs/promises';
import { connect, type AddressInfo } from 'node:net';
import { createServer } from 'node:tls';

import { afterAll, describe, expect, test } from '@jest/globals';
import { LeanMQ } from '@leanmq/core';

import { QUICK, useBroker } from '../support/broker.js';
import { nextEvent } from '../support/eventually.js';
import { connectTo } from '../support/redis.js';
import { RedisServer } from '../support/redis-server.js';

const broker = useBroker();
const servers: RedisServer[] = [];
afterAll(() => Promise.all(servers.map((server) => server.stop())));

/** Publishes one message and waits until it is handled. */
async function works(mq: LeanMQ): Promise<void> {
  await mq.consume('/a', () => undefined);
  const acked = nextEvent(mq.events, 'acked');
  await mq.publish('/a', 1);
  await acked;
}

describe('a connection to Redis', () => {
  test('uses a user, a password and a database number, given by URL or by options', async () => {
    const server = await RedisServer.start();
    servers.push(server);
    const admin = await connectTo(server.url);
    await admin.acl('SETUSER', 'shop', 'on', '>secret', '~*', '+@all');
    for (const redis of [
      `redis://shop:secret@127.0.0.1:${server.port}/3`,
      { host: '127.0.0.1', port: server.port, username: 'shop', password: 'secret', db: 3 },
    ]) {
      await using mq = new LeanMQ({ ...QUICK, redis, group: 'g' });
      await works(mq);
    }
    expect(await admin.keys('*')).toEqual([]);
    await admin.select(3);
    expect(await admin.exists('leanmq:{a}:log')).toBe(1);
    admin.disconnect();
  });

  test('works over TLS and is refused by a client that does not trust the certificate', async () => {
    const file = (name: string): Promise<Buffer> =>
      readFile(new URL(`../support/tls/${name}`, import.meta.url));
    const [key, cert] = await Promise.all([file('key.pem'), file('cert.pem')]);
    const { port: redisPort } = new URL(broker.url);
    const front = createServer({ key, cert }, (socket) => {
      const upstream = connect({ host: '127.0.0.1', port: Number(redisPort) });
      for (const side of [socket, upstream]) side.on('error', () => undefined);
      socket.pipe(upstream).pipe(socket);
    });
    front.on('tlsClientError', () => undefined);
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
    const { port } = front.address() as AddressInfo;
    const common = { ...QUICK, prefix: broker.prefix, group: 'g' };
    {
      await using mq = new LeanMQ({
        ...common,
        redis: { host: '127.0.0.1', port, tls: { ca: cert } },
      });
      await works(mq);
    }
    await using distrustful = new LeanMQ({
      ...common,
      redis: { host: '127.0.0.1', port, tls: {} },
      connectTimeoutMs: 300,
    });
    await expect(distrustful.connect()).rejects.toThrow(/self-signed certificate/);
    await distrustful.close();
    await new Promise((resolve) => front.close(resolve));
  });
});
