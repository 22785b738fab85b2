import { randomUUID } from 'node:crypto';

import { afterEach } from '@jest/globals';
import { LeanMQ, type LeanMQOptions } from '@leanmq/core';

import { QUICK } from './broker.js';
import { TcpProxy } from './proxy.js';
import { RedisServer, type RedisServerOptions } from './redis-server.js';

/** Servers, proxies and instances that a test may kill, freeze and cut. All of them end with the test. */
export interface FaultyRig {
  server(options?: RedisServerOptions): Promise<RedisServer>;
  proxy(server: { readonly port: number }): Promise<TcpProxy>;
  mq(url: string, options?: Partial<LeanMQOptions>): LeanMQ;
  readonly prefix: string;
}

export function useFaultyRig(): FaultyRig {
  let servers: RedisServer[] = [];
  let proxies: TcpProxy[] = [];
  let opened: LeanMQ[] = [];
  const prefix = `f-${randomUUID().slice(0, 8)}`;

  afterEach(async () => {
    await Promise.all(opened.map((mq) => mq.close()));
    await Promise.all(proxies.map((proxy) => proxy.stop()));
    await Promise.all(servers.map((server) => server.stop()));
    [servers, proxies, opened] = [[], [], []];
  });

  return {
    prefix,
    async server(options) {
      const server = await RedisServer.start(options);
      servers.push(server);
      return server;
    },
    async proxy({ port }) {
      const proxy = await TcpProxy.start(port);
      proxies.push(proxy);
      return proxy;
    },
    mq(url, options = {}) {
      const mq = new LeanMQ({
        ...QUICK,
        redis: url,
        prefix,
        group: 'g',
        ...options,
        handlers: { ...QUICK.handlers, ...options.handlers },
      });
      opened.push(mq);
      return mq;
    },
  };
}
