import { Redis } from 'ioredis';

import type { Order } from '../payload.js';
import type { Consumer, ConsumePlan } from './contestant.js';
import { GROUP, pendingOf, rawKey, readGroup, type StreamsReply } from './raw-keys.js';

const COUNT = 500;

/** The next read is under way while a batch runs; one XACK for each stream of a batch, on another connection. */
export function consumeInBatches(url: string, { paths, handle }: ConsumePlan): Promise<Consumer> {
  const reader = new Redis(url);
  const acks = new Redis(url, { enableAutoPipelining: true });
  const keys = paths.map(rawKey);
  let isOpen = true;

  async function run(): Promise<void> {
    let next = readGroup(reader, keys, COUNT);
    while (isOpen) {
      const batch = await next;
      next = readGroup(reader, keys, COUNT);
      next.catch(() => undefined);
      if (batch !== null) await settle(batch);
    }
  }

  async function settle(batch: NonNullable<StreamsReply>): Promise<void> {
    for (const [key, entries] of batch) {
      const ids: string[] = [];
      for (const [id, fields] of entries) {
        await handle(JSON.parse(fields[1] as string) as Order);
        ids.push(id);
      }
      acks.xack(key, GROUP, ...ids).catch(fail);
    }
  }

  function fail(error: unknown): void {
    if (isOpen) throw error;
  }

  run().catch(fail);
  return Promise.resolve({
    unfinished: () => pendingOf(acks, keys),
    close: () => {
      isOpen = false;
      reader.disconnect();
      acks.disconnect();
      return Promise.resolve();
    },
  });
}
