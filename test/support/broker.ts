import { randomUUID } from 'node:crypto';

import { afterAll, afterEach, beforeEach } from '@jest/globals';
import { LeanMQ, type LeanMQOptions, type WebhookHandler } from '@leanmq/core';
import { Redis } from 'ioredis';

import { expectNoClients } from './leaks.js';
import { sharedRedisUrl } from './redis.js';

/** Periods short enough for a test and long enough for a busy machine to keep its leases. */
export const QUICK = {
  leaseMs: 900,
  blockMs: 1_000,
  sweepMs: 200,
  silenceMs: 1_000,
  drainTimeoutMs: 3_000,
  handlers: { backoff: { type: 'fixed', delayMs: 20 } },
} as const satisfies Partial<LeanMQOptions>;

export interface Broker {
  /** Prefix of every key that the test writes; new for each test. */
  readonly prefix: string;
  readonly url: string;
  /** The test's own client, to look at Redis from outside. */
  readonly redis: Redis;
  /** Creates a LeanMQ that is closed when the test ends. */
  mq(options?: Partial<LeanMQOptions>): LeanMQ;
  /** Creates such a LeanMQ, connected and consuming `path`. */
  consume<T = unknown>(
    path: string,
    handler: WebhookHandler<T>,
    options?: Partial<LeanMQOptions>,
  ): Promise<LeanMQ>;
  /** Returns the name of a key in this test's namespace. */
  key(path: string, what: string): string;
}

/** Gives each test of a file a namespace of the shared Redis; checks that no connection is left open. */
export function useBroker(): Broker {
  const url = sharedRedisUrl();
  const redis = new Redis(url);
  let prefix = '';
  let opened: LeanMQ[] = [];

  beforeEach(() => {
    prefix = `t-${randomUUID().slice(0, 8)}`;
    opened = [];
  });
  afterEach(async () => {
    await Promise.all(opened.map((mq) => mq.close()));
    await expectNoClients(redis, `leanmq:${prefix}`);
    const keys = await redis.keys(`${prefix}:*`);
    if (keys.length > 0) await redis.del(...keys);
  });
  afterAll(() => {
    redis.disconnect();
  });

  return {
    url,
    redis,
    get prefix() {
      return prefix;
    },
    mq(options = {}) {
      const mq = new LeanMQ({
        ...QUICK,
        redis: url,
        prefix,
        ...options,
        handlers: { ...QUICK.handlers, ...options.handlers },
        // The group is part of each client's name: this default makes a leak traceable to its test.
        group: options.group ?? prefix,
      });
      opened.push(mq);
      return mq;
    },
    async consume(path, handler, options) {
      const mq = this.mq(options);
      await mq.consume(path, handler);
      return mq;
    },
    key: (path, what) => `${prefix}:{${path}}:${what}`,
  };
}
