import type { ManageContext } from '../context.js';
import { purgeRetriesScript } from './purge-scripts.js';
import { SLICE_COUNT, inSlices } from '../slices.js';

/**
 * Drops the scheduled retries of a group, a slice at a time.
 *
 * @param why `purged`: the retries that its purge covers; `removed`: all, as long as the group is not declared again
 * @returns the number of retries dropped
 */
export async function dropRetries(
  { connection, keys }: ManageContext,
  path: string,
  group: string,
  why: 'purged' | 'removed',
): Promise<number> {
  const { log } = keys.route(path);
  let cursor = '0';
  let dropped = 0;
  await inSlices(async () => {
    const slice = await connection.run((client) =>
      purgeRetriesScript.run(client, { log }, { group, why, cursor, count: SLICE_COUNT }),
    );
    dropped += slice.dropped;
    cursor = slice.cursor;
    return cursor !== '0';
  });
  return dropped;
}
