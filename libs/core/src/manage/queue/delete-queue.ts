import type { Redis } from 'ioredis';

import { entryTime } from '../../message/index.js';
import { flag, known } from '../../option-values.js';
import type { ManageContext } from '../context.js';
import { deleteRouteScript } from './purge-scripts.js';
import { groupNames } from './queue-info.js';

export interface DeleteQueueOptions {
  /** Drop the dead letters of all groups as well. @default false */
  readonly deadLetters?: boolean;
}

const SCAN_COUNT = 1_000;

/** @throws {ConfigError} for an option that is not valid */
export function checkDeletion(options: DeleteQueueOptions): void {
  known('delete()', options, ['deadLetters']);
  flag('deadLetters', options.deadLetters);
}

/**
 * Deletes a queue. The tombstone comes first, so that running consumers do not create the queue again. An interrupted
 * deletion can be repeated and finds what is left.
 *
 * @returns the number of messages that were on the log
 */
export async function deleteQueue(
  { connection, keys, registry, changed, forgetSchedules }: ManageContext,
  path: string,
  options: DeleteQueueOptions = {},
): Promise<number> {
  checkDeletion(options);
  const { deadLetters = false } = options;
  const route = keys.route(path);
  const groups = await registry.bury(path);
  const messages = await connection.run((client) =>
    deleteRouteScript.run(
      client,
      { log: route.log },
      { deadLetters: deadLetters ? 'drop' : 'keep' },
      { args: groups },
    ),
  );
  await forgetSchedules(path);
  await connection.run((client) => forgetIds(client, route.sent(''), route.log));
  if (deadLetters) await registry.forgetFormer(path, groups);
  await changed();
  return messages;
}

/** Drops the dead letters that a deleted queue has kept. Messages published since then stay: they revive the queue. */
export async function deleteKeptDeadLetters(
  { connection, keys, registry, changed }: ManageContext,
  path: string,
): Promise<void> {
  const found = (await registry.routes()).find((each) => each.path === path);
  const groups = found === undefined ? [] : groupNames(found);
  const route = keys.route(path);
  await connection.run((client) =>
    Promise.all(groups.map((group) => client.unlink(route.dead(group)))),
  );
  await registry.forgetFormer(path, groups);
  await changed();
}

/**
 * Frees the ids that callers chose for the deleted messages, and spares those of messages published since. No list of
 * them exists, so this scans all keys, a few at a time.
 */
async function forgetIds(client: Redis, prefix: string, log: string): Promise<void> {
  const [oldest] = await client.xrange(log, '-', '+', 'COUNT', 1);
  const until = oldest === undefined ? Infinity : entryTime(oldest[0]);
  const pattern = `${prefix.replace(/[*?[\]\\^]/g, '\\$&')}*`;
  for (let cursor = '0'; ;) {
    const [next, found] = await client.scan(cursor, 'MATCH', pattern, 'COUNT', SCAN_COUNT);
    if (found.length > 0) {
      const marks = await client.mget(found);
      const old = found.filter((_, index) => {
        const entry = marks[index]?.split(' ')[1] ?? '';
        return entry === '' || entryTime(entry) < until;
      });
      if (old.length > 0) await client.unlink(...old);
    }
    if (next === '0') return;
    cursor = next;
  }
}
