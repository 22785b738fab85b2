import { LeanMQ, type DeadLetters } from '@leanmq/core';

import type { Service } from '../check/evidence.js';

/** Which paths a service handles. */
const PATHS: Readonly<Record<Service, readonly string[]>> = {
  orders: ['order/status'],
  inventory: ['order/status', 'inventory/update'],
  notifications: ['order/status', 'notification'],
};

/** Looks at the queues from outside, as somebody who operates them does: LeanMQ without Nest. */
export class Operator {
  private readonly mq: LeanMQ;

  constructor(
    redis: string,
    private readonly prefix: string,
  ) {
    this.mq = new LeanMQ({ redis, prefix });
  }

  /** @throws if Redis is not there, or is not one that LeanMQ accepts */
  async connect(): Promise<void> {
    await this.mq.connect();
  }

  deadLetters(path: string, service: Service): DeadLetters {
    return this.mq.deadLetters(path, service);
  }

  /** Returns the server's product name and version. */
  async describeServer(): Promise<string> {
    const info = await this.mq.redis.info('server');
    const valkey = /^valkey_version:(.*)$/m.exec(info)?.[1];
    const redis = /^redis_version:(.*)$/m.exec(info)?.[1] ?? '';
    return valkey === undefined ? `Redis ${redis.trim()}` : `Valkey ${valkey.trim()}`;
  }

  /** Everything that could still be delivered to a service or is set aside, straight from Redis. */
  async leftFor(service: Service): Promise<number> {
    const { redis } = this.mq;
    const counts = await Promise.all(
      PATHS[service].flatMap((path) => {
        const key = (what: string): string => `${this.prefix}:{${path}}:${what}`;
        return [
          redis.xpending(key('log'), service).then(([pending]) => Number(pending)),
          redis.xlen(key(`inbox:${service}`)),
          redis.xlen(key(`dead:${service}`)),
          // Of all groups; at the end there is nothing in it for any.
          redis.zcard(key('schedule')),
        ];
      }),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** Removes what the demo wrote, and nothing else: the server may be somebody's. */
  async removeKeys(): Promise<void> {
    const { redis } = this.mq;
    for await (const keys of redis.scanStream({ match: `${this.prefix}:*`, count: 500 })) {
      if ((keys as string[]).length > 0) await redis.unlink(...(keys as string[]));
    }
  }

  async close(): Promise<void> {
    await this.mq.close();
  }
}
