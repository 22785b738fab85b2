import { ConfigError, GroupBusyError, NotFoundError } from '../../errors.js';
import { displayPath, validGroup } from '../../message/index.js';
import { createGroups, type RegisteredGroup, type StartFrom } from '../../redis/index.js';
import { flag, known } from '../../option-values.js';
import { assertQueue } from '../arguments.js';
import type { ManageContext } from '../context.js';
import { dropRetries } from './purge-retries.js';
import { removeGroupScript } from './route-scripts.js';

export interface DeclareGroupOptions {
  /** Position at which a new group starts. @default 'earliest' */
  readonly startFrom?: StartFrom;
  /** Policy for messages that expire before a handler starts. @default the current policy; 'discard' for a new group */
  readonly onExpired?: 'discard' | 'dead-letter';
}

export interface RemoveGroupOptions {
  /** Remove the group even if it has consumers or messages in flight; their work is not awaited. @default false */
  readonly force?: boolean;
  /** Drop its dead letters as well. @default false */
  readonly deadLetters?: boolean;
}

export interface RemovedGroup {
  /** Number of messages dropped that were waiting or scheduled. */
  readonly dropped: number;
  /** Number of dead letters that were kept. */
  readonly deadLetters: number;
}

// A consumer reports its presence at least every 30 s.
const ACTIVE_MS = 60_000;
const ON_EXPIRED: readonly unknown[] = ['discard', 'dead-letter'];
const REMEDY = 'Stop its service first, or pass { force: true }.';

/**
 * Creates a group, and its queue if needed, before its service is deployed: from then on, nothing is trimmed before the
 * group has received it. Idempotent.
 */
export async function declareGroup(
  { connection, keys, registry, changed }: ManageContext,
  path: string,
  group: string,
  options: DeclareGroupOptions = {},
): Promise<void> {
  validGroup(group);
  known('declareGroup()', options, ['startFrom', 'onExpired']);
  const { startFrom = 'earliest', onExpired } = options;
  validStartFrom(startFrom);
  if (onExpired !== undefined && !ON_EXPIRED.includes(onExpired)) {
    throw ConfigError.option('onExpired', onExpired, '"discard" or "dead-letter"');
  }
  const route = {
    ...{ path, keys: keys.route(path) },
    ...(onExpired !== undefined && { keepsExpired: onExpired === 'dead-letter' }),
  };
  await connection.run((client) =>
    createGroups(client, registry, [route], group, startFrom, 'declare'),
  );
  await changed();
}

/**
 * Removes a group and all its data, in three steps: first whatever would keep the log from being trimmed; then its
 * registry entry, so that running consumers do not create it again; then its retries, a slice at a time. An interrupted
 * removal can be repeated.
 *
 * @throws {GroupBusyError} if it has consumers or messages in flight, unless `force` is set
 */
export async function removeGroup(
  context: ManageContext,
  path: string,
  group: string,
  options: RemoveGroupOptions = {},
): Promise<RemovedGroup> {
  known('removeGroup()', options, ['force', 'deadLetters']);
  validGroup(group);
  const { force = false, deadLetters = false } = options;
  flag('force', force);
  flag('deadLetters', deadLetters);
  const { registry, changed } = context;
  await assertQueue(context, path);
  const registered = await registry.groupOf(path, group);
  if (!force && registered !== undefined) await assertNotPaused(context, registered);
  const first = await removeData(context, path, group, force, deadLetters);
  const isKnown = first.result === 'removed' || registered !== undefined;
  if (isKnown) await registry.removeGroup(path, group);
  // With force, a running consumer may have created the group again before it learned of the removal.
  if (isKnown && force) await removeData(context, path, group, force, deadLetters);
  const retries = await dropRetries(context, path, group, 'removed');
  if (!isKnown && retries === 0) {
    throw new NotFoundError(
      `There is no group "${group}" on "${displayPath(path)}"; groups() lists those that there are.`,
    );
  }
  await changed();
  return { dropped: first.dropped + retries, deadLetters: first.left };
}

/** Checks the processes, because a consumer of a paused group is idle and does not report its presence. */
async function assertNotPaused(
  { connection }: ManageContext,
  { path, group, seenAt, pausedAt }: RegisteredGroup,
): Promise<void> {
  if (pausedAt === undefined) return;
  const [seconds] = await connection.run((client) => client.time());
  if (Number(seconds) * 1_000 - seenAt >= ACTIVE_MS) return;
  throw new GroupBusyError(
    `Group "${group}" on "${displayPath(path)}" is paused and recently had a consumer. ${REMEDY}`,
  );
}

async function removeData(
  { connection, keys }: ManageContext,
  path: string,
  group: string,
  force: boolean,
  deadLetters: boolean,
): Promise<{ result: 'removed' | 'missing'; dropped: number; left: number }> {
  const args = {
    group,
    force: force ? 'force' : '',
    deadLetters: deadLetters ? 'drop' : 'keep',
  };
  const { log } = keys.route(path);
  const [result, what, left = 0] = await connection.run((client) =>
    removeGroupScript.run(client, { log }, args),
  );
  const named = `Group "${group}" on "${displayPath(path)}"`;
  if (result === 'active') {
    throw new GroupBusyError(`${named} has an active consumer, "${what}". ${REMEDY}`);
  }
  if (result === 'in-flight') {
    throw new GroupBusyError(`${named} has messages in flight (${what}). ${REMEDY}`);
  }
  return { result, dropped: what, left };
}

function validStartFrom(startFrom: StartFrom): void {
  if (startFrom === 'earliest' || startFrom === 'latest') return;
  const at: unknown = Reflect.get(Object(startFrom) as object, 'at');
  if (!Number.isSafeInteger(at) || (at as number) < 0) {
    throw ConfigError.option('startFrom', startFrom, '"earliest", "latest" or { at: epoch ms }');
  }
}
