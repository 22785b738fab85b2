import { Redis } from 'ioredis';

import type { Order } from '../payload.js';
import type { Consumer, ConsumePlan } from './contestant.js';
import { RawConsumer } from './raw-consumer.js';
import { GROUP } from './raw-keys.js';

/** Slots that are filled again as they become free, from what was read ahead; acks coalesced for each turn. */
export function consumeInSlots(
  url: string,
  { paths, concurrency, handle }: ConsumePlan,
): Promise<Consumer> {
  const acks = new Redis(url);
  const consumer = new RawConsumer(url, paths, acks);
  const { failed } = consumer;
  const waiting: { key: string; id: string; data: string }[] = [];
  const done = new Map<string, string[]>();
  let running = 0;
  let isReading = false;

  function pump(): void {
    while (running < concurrency) {
      const entry = waiting.shift();
      if (entry === undefined) break;
      running += 1;
      void run(entry);
    }
    if (!isReading && consumer.isOpen && waiting.length < concurrency) void read();
  }

  async function read(): Promise<void> {
    isReading = true;
    const batch = await consumer.read(concurrency * 2).catch(failed);
    isReading = false;
    for (const [key, entries] of batch ?? []) {
      for (const [id, fields] of entries) waiting.push({ key, id, data: fields[1] as string });
    }
    pump();
  }

  async function run({ key, id, data }: (typeof waiting)[number]): Promise<void> {
    await handle(JSON.parse(data) as Order);
    running -= 1;
    if (done.size === 0) setImmediate(acknowledge);
    const ids = done.get(key);
    if (ids === undefined) done.set(key, [id]);
    else ids.push(id);
    pump();
  }

  function acknowledge(): void {
    for (const [key, ids] of done) acks.xack(key, GROUP, ...ids).catch(failed);
    done.clear();
  }

  pump();
  return Promise.resolve(consumer);
}
