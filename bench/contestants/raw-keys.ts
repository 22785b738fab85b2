import type { Redis } from 'ioredis';

export const GROUP = 'bench';

export function rawKey(path: string): string {
  return `raw:${path}`;
}

/** As XREADGROUP answers: for each stream its entries, each an id and its fields. */
export type StreamsReply = [key: string, entries: [id: string, fields: string[]][]][] | null;

/** Null when the time to block was over. */
export function readGroup(
  redis: Redis,
  keys: readonly string[],
  count: number,
): Promise<StreamsReply> {
  return redis.xreadgroup(
    'GROUP',
    GROUP,
    'one',
    'COUNT',
    count,
    'BLOCK',
    5_000,
    'STREAMS',
    ...keys,
    ...keys.map(() => '>'),
  ) as Promise<StreamsReply>;
}

/** How many entries the group was given and has not acknowledged. */
export async function pendingOf(redis: Redis, keys: readonly string[]): Promise<number> {
  const summaries = await Promise.all(
    keys.map((key) => redis.xpending(key, GROUP) as Promise<[count: number]>),
  );
  return summaries.reduce((sum, [count]) => sum + count, 0);
}
