import { Redis } from 'ioredis';

import type { Order } from '../payload.js';
import type { Consumer, ConsumePlan } from './contestant.js';
import { RawConsumer, type StreamsReply } from './raw-consumer.js';
import { GROUP } from './raw-keys.js';

const COUNT = 500;

/** The next read is under way while a batch runs; one XACK for each stream of a batch, on another connection. */
export function consumeInBatches(url: string, { paths, handle }: ConsumePlan): Promise<Consumer> {
  const acks = new Redis(url, { enableAutoPipelining: true });
  const consumer = new RawConsumer(url, paths, acks);
  const { failed } = consumer;

  async function run(): Promise<void> {
    let next = consumer.read(COUNT);
    while (consumer.isOpen) {
      const batch = await next;
      next = consumer.read(COUNT);
      next.catch(() => undefined);
      if (batch !== null) await settle(batch);
    }
  }

  async function settle(batch: StreamsReply): Promise<void> {
    for (const [key, entries] of batch) {
      const ids: string[] = [];
      for (const [id, fields] of entries) {
        await handle(JSON.parse(fields[1] as string) as Order);
        ids.push(id);
      }
      acks.xack(key, GROUP, ...ids).catch(failed);
    }
  }

  run().catch(failed);
  return Promise.resolve(consumer);
}
