import type { LeanMQ, LeanMQEvents } from '@leanmq/core';
import type { Redis } from 'ioredis';

import type { Broker } from './broker.js';
import { nextEvent } from './eventually.js';

/** Recurring sends for the tests, all on one path. */
export const DAILY = {
  id: 'report',
  path: '/report',
  cron: '0 3 * * *',
  data: { n: 1 },
} as const;
export const SECONDLY = { id: 'tick', path: '/report', everyMs: 1_000, data: 'tick' } as const;

/** Returns the server's time, epoch ms. */
export async function serverNow(redis: Redis): Promise<number> {
  const [seconds, micros] = (await redis.time()).map(Number) as [number, number];
  return seconds * 1_000 + Math.floor(micros / 1_000);
}

export function nextTick(mq: LeanMQ): Promise<LeanMQEvents['ticked'][0]> {
  return nextEvent<LeanMQEvents['ticked'][0]>(mq.events, 'ticked', { timeoutMs: 10_000 });
}

/** The state in Redis of the recurring sends on that path. */
export class Recurring {
  constructor(private readonly broker: Broker) {}

  get ticks(): string {
    return this.broker.key('report', 'ticks');
  }

  async dueAt(id: string): Promise<number> {
    return Number(await this.broker.redis.zscore(this.ticks, id));
  }

  /** Makes a recurring send look as if it had been due at `at` while no process was running. */
  async wasDue(id: string, at: number): Promise<void> {
    await this.broker.redis.zadd(this.ticks, at, id);
  }

  /** Returns the ids and payloads of the messages on the log. */
  async published(): Promise<[id: string, data: unknown][]> {
    const entries = await this.broker.redis.xrange(this.broker.key('report', 'log'), '-', '+');
    return entries.map(([entryId, fields]) => {
      const at = fields.indexOf('i');
      const id = at < 0 ? entryId : (fields[at + 1] as string);
      return [id, JSON.parse(fields[1] as string) as unknown];
    });
  }
}
