import { Redis } from 'ioredis';

import type { Order } from '../payload.js';
import type { Consumer, ConsumePlan } from './contestant.js';
import { GROUP, pendingOf, rawKey, readGroup } from './raw-keys.js';

/** Slots that are filled again as they become free, from what was read ahead; acks coalesced for each turn. */
export function consumeInSlots(
  url: string,
  { paths, concurrency, handle }: ConsumePlan,
): Promise<Consumer> {
  const reader = new Redis(url);
  const acks = new Redis(url);
  const keys = paths.map(rawKey);
  const waiting: { key: string; id: string; data: string }[] = [];
  const done = new Map<string, string[]>();
  let running = 0;
  let isReading = false;
  let isOpen = true;

  function pump(): void {
    while (running < concurrency) {
      const entry = waiting.shift();
      if (entry === undefined) break;
      running += 1;
      void run(entry);
    }
    if (!isReading && isOpen && waiting.length < concurrency) void read();
  }

  async function read(): Promise<void> {
    isReading = true;
    const batch = await readGroup(reader, keys, concurrency * 2).catch(failed);
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

  function failed(error: unknown): null {
    if (isOpen) throw error;
    return null;
  }

  pump();
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
