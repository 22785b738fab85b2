import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';

/** Returns the URL of the server that the whole run shares; see `test/setup`. */
export function sharedRedisUrl(): string {
  const url = process.env['LEANMQ_TEST_REDIS_URL'];
  if (!url) throw new Error('no LEANMQ_TEST_REDIS_URL: start the tests with `npm test`');
  return url;
}

/** Returns a key prefix that no other test file uses, for example `retry-5f2c91d0`. */
export function uniquePrefix(name: string): string {
  return `${name}-${randomBytes(4).toString('hex')}`;
}

/**
 * Opens a connection to look at what happened and to cause faults. Its commands fail fast:
 * a test must not hang because a command waits for a server that was killed.
 */
export async function connectTo(
  url: string,
  options: { enableReadyCheck?: boolean } = {},
): Promise<Redis> {
  const redis = new Redis(url, {
    ...options,
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  // A failed command says enough.
  redis.on('error', () => undefined);
  await redis.connect();
  return redis;
}

/**
 * Closes a connection in any state. On one that has already ended, ioredis' own `disconnect()`
 * leaves a timer of two seconds behind, which keeps the process alive that long.
 */
export function disconnect(redis: Redis): void {
  if (redis.status !== 'end') redis.disconnect();
}

/** Removes the keys of a test file; the shared server may be the developer's own. */
export async function removeKeys(redis: Redis, prefix: string): Promise<void> {
  let cursor = '0';
  do {
    const [next, keys] = await redis.scan(cursor, 'MATCH', `${prefix}*`, 'COUNT', 1_000);
    if (keys.length > 0) await redis.unlink(...keys);
    cursor = next;
  } while (cursor !== '0');
}
