import { ConfigError } from '../errors.js';
import { known } from '../option-values.js';
import { assertGroup, assertQueue } from './arguments.js';
import type { ManageContext } from './context.js';
import { groupNames } from './queue-info.js';
import { eraseScript, purgeScript } from './route-scripts.js';

export interface PurgeOptions {
  /** The group whose messages are dropped; this process' own unless told. */
  readonly group?: string;
  /** Those of all groups, and what is delayed. */
  readonly allGroups?: boolean;
}

// A script holds up everybody else: so many are removed in about a millisecond.
const ERASE_PER_CALL = 500;

/**
 * Drops what waits and is scheduled, in one step, also while consumers run. What is in flight stays, and is dropped if
 * it fails later.
 *
 * @returns how many were dropped; a message that two groups would have been given counts for both
 */
export async function purge(
  context: ManageContext,
  path: string,
  options: PurgeOptions = {},
): Promise<number> {
  known('purge()', options, ['group', 'allGroups']);
  const { allGroups = false } = options;
  if (!allGroups) {
    const group = options.group ?? context.ownGroup();
    await assertGroup(context, path, group);
    return (await run(context, path, 'one', [group])).dropped;
  }
  if (options.group !== undefined) {
    throw ConfigError.option('group', options.group, 'only without "allGroups"');
  }
  await assertQueue(context, path);
  const route = (await context.registry.routes()).find((each) => each.path === path);
  const purged = await run(context, path, 'all', route === undefined ? [] : groupNames(route));
  await erase(context, path, purged.given, purged.last);
  return purged.dropped;
}

function run(
  { connection, keys }: ManageContext,
  path: string,
  whose: 'one' | 'all',
  groups: readonly string[],
): Promise<{ dropped: number; given: string; last: string }> {
  const { log } = keys.route(path);
  return connection.run((client) => purgeScript.run(client, { log }, { whose }, { args: groups }));
}

/** Frees what nobody was given or will be; if that is stopped, trimming does it. */
async function erase(
  { connection, keys }: ManageContext,
  path: string,
  after: string,
  to: string,
): Promise<void> {
  if (after === '' || to === '') return;
  const { log } = keys.route(path);
  const args = { after, to, limit: ERASE_PER_CALL };
  for (;;) {
    const { hasMore } = await connection.run((client) => eraseScript.run(client, { log }, args));
    if (!hasMore) return;
  }
}
