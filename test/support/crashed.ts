import type { Redis } from 'ioredis';

/** The place of a log; a `Broker` is one. */
export interface Place {
  readonly redis: Redis;
  readonly prefix: string;
}

export interface Crash {
  /** Crashes that each entry has been through. */
  readonly times: number;
  /** Number of entries that the process held, from the next unread one on. @default 1 */
  readonly count?: number;
}

/**
 * Makes the next entries of a log look as if a process of group `g` had held them when it died long ago.
 *
 * @returns the ids of the entries
 */
export async function crashed(
  { redis, prefix }: Place,
  path: string,
  { times, count = 1 }: Crash,
): Promise<string[]> {
  const log = `${prefix}:{${path}}:log`;
  const read = ['COUNT', count, 'STREAMS', log, '>'] as const;
  const reply = (await redis.xreadgroup('GROUP', 'g', 'dead', ...read)) as [
    string,
    [string, string[]][],
  ][];
  const ids = (reply[0]?.[1] ?? []).map(([id]) => id);
  const [seconds] = (await redis.time()).map(Number) as [number, number];
  const noticedAt = (seconds - 500) * 1_000;
  for (const id of ids) {
    await redis.xclaim(log, 'g', 'dead', 0, id, 'IDLE', 600_000, 'RETRYCOUNT', times);
    // Noted as stale long ago, so the next look takes it over.
    await redis.hset(`${prefix}:{${path}}:stale:g`, `log:${id}`, `dead ${times} ${noticedAt}`);
  }
  return ids;
}
