import { ConfigError } from '../../errors.js';
import { isLater, type EntryId } from '../../message/index.js';
import { flag, known } from '../../option-values.js';
import { assertGroup, assertQueue } from '../arguments.js';
import type { ManageContext } from '../context.js';
import { dropRetries } from './purge-retries.js';
import {
  eraseScript,
  forgetPurgedScript,
  purgeRouteScript,
  purgeScript,
  type Erasable,
} from './purge-scripts.js';
import { groupNames } from './queue-info.js';
import { SLICE_BYTES, SLICE_COUNT, SLICE_GROUPS, inSlices } from '../slices.js';

export interface PurgeOptions {
  /** Group whose messages are dropped. @default the group of this process */
  readonly group?: string;
  /** Drop the messages of all groups, and delayed ones. @default false */
  readonly allGroups?: boolean;
}

/**
 * Drops waiting and scheduled messages, also while consumers run. In-flight messages stay, and are dropped if they fail
 * later. A retry that comes due at this very moment may still run.
 *
 * Waiting messages are dropped in one step; retries and memory follow, a slice at a time. An interrupted purge can be
 * repeated.
 *
 * @returns the number of messages dropped; a message of two groups counts twice. It is an estimate, never too low,
 *   where Redis does not know how many messages a group has not received and these are many
 */
export async function purge(
  context: ManageContext,
  path: string,
  options: PurgeOptions = {},
): Promise<number> {
  known('purge()', options, ['group', 'allGroups']);
  flag('allGroups', options.allGroups);
  const { allGroups = false } = options;
  if (!allGroups) {
    const group = options.group ?? context.ownGroup();
    await assertGroup(context, path, group);
    const { dropped, erasable } = await purgeGroups(context, path, [group]);
    const retries = await dropRetries(context, path, group, 'purged');
    await erase(context, erasable);
    return dropped + retries;
  }
  if (options.group !== undefined) {
    throw ConfigError.option('group', options.group, 'only without "allGroups"');
  }
  await assertQueue(context, path);
  return purgeAll(context, path);
}

async function purgeAll(context: ManageContext, path: string): Promise<number> {
  const { log } = context.keys.route(path);
  const { dropped, erasable, given, last } = await purgeGroups(
    context,
    path,
    await allGroupsOf(context, path),
  );
  const route = await purgeRoute(context, path);
  await forgetPurged(context, path);
  // Erase up to where all groups were purged, or to the end when there are no groups.
  const to = route.last === '' ? last : route.last;
  await erase(context, to === '' ? erasable : [...erasable, { stream: log, after: given, to }]);
  return dropped + route.dropped;
}

async function allGroupsOf(
  { connection, keys, registry }: ManageContext,
  path: string,
): Promise<string[]> {
  const route = (await registry.routes()).find((each) => each.path === path);
  const onLog = await connection.run((client) =>
    client.xinfo('GROUPS', keys.route(path).log).catch(() => []),
  );
  const names = (onLog as unknown[][]).map((row) => row[1] as string);
  return [...new Set([...names, ...(route === undefined ? [] : groupNames(route))])];
}

interface PurgedGroups {
  readonly dropped: number;
  readonly erasable: readonly Erasable[];
  /** Last entry of the log that some group had received. */
  readonly given: EntryId;
  /** Last entry up to which all groups were purged; '' without a log. */
  readonly last: EntryId;
}

async function purgeGroups(
  { connection, keys }: ManageContext,
  path: string,
  groups: readonly string[],
): Promise<PurgedGroups> {
  const { log } = keys.route(path);
  const erasable: Erasable[] = [];
  let dropped = 0;
  let given = '0-0';
  let last: string | undefined;
  let at = 0;
  await inSlices(async () => {
    if (at >= groups.length) return false;
    const args = groups.slice(at, at + SLICE_GROUPS);
    const slice = await connection.run((client) =>
      purgeScript.run(client, { log }, { limitBytes: SLICE_BYTES }, { args }),
    );
    at += args.length;
    dropped += slice.dropped;
    erasable.push(...slice.erasable);
    if (isLater(slice.given, given)) given = slice.given;
    last ??= slice.last;
    return true;
  });
  return { dropped, erasable, given, last: last ?? '' };
}

async function purgeRoute(
  context: ManageContext,
  path: string,
): Promise<{ dropped: number; last: string }> {
  const { log } = context.keys.route(path);
  for (;;) {
    const purged = await context.connection.run((client) =>
      purgeRouteScript.run(client, { log }, {}),
    );
    if (purged !== 'leftover') return purged;
    // Finish an earlier purge that was interrupted.
    await forgetPurged(context, path);
  }
}

/** Frees the ids of purged delayed sends for reuse. */
async function forgetPurged({ connection, keys }: ManageContext, path: string): Promise<void> {
  const { log } = keys.route(path);
  await inSlices(async () => {
    const left = await connection.run((client) =>
      forgetPurgedScript.run(client, { log }, { limit: SLICE_COUNT }),
    );
    return left > 0;
  });
}

/** Frees entries that no group has received or will receive; if interrupted, trimming frees them. */
async function erase({ connection }: ManageContext, erasable: readonly Erasable[]): Promise<void> {
  const limits = { limit: SLICE_COUNT, limitBytes: SLICE_BYTES };
  for (const { stream, after, to } of erasable) {
    await inSlices(async () => {
      const state = await connection.run((client) =>
        eraseScript.run(client, { stream }, { after, to, ...limits }),
      );
      return state === 'more';
    });
  }
}
