import type { Redis } from 'ioredis';

/** Where the log is, of which a process had something; a `Broker` is one. */
export interface Place {
  readonly redis: Redis;
  readonly prefix: string;
}

export interface Crash {
  /** How often processes have died with each of the entries. */
  readonly times: number;
  /** How many entries it had, the next ones of the log; 1 unless told. */
  readonly count?: number;
}

/**
 * Makes it look as if a process of group `g` that died long ago had had the next entries of a log.
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
    // Somebody has noticed long ago, so that the next look takes it over.
    await redis.hset(`${prefix}:{${path}}:stale:g`, `log:${id}`, `dead ${times} ${noticedAt}`);
  }
  return ids;
}
