import { ConfigError, GroupBusyError, NotFoundError } from '../../errors.js';
import { displayPath, validGroup } from '../../message/index.js';
import { createGroups, type RegisteredGroup, type StartFrom } from '../../redis/index.js';
import { flag, known } from '../../option-values.js';
import { assertQueue } from '../arguments.js';
import type { ManageContext } from '../context.js';
import { dropRetries } from './purge-retries.js';
import { removeGroupScript } from './route-scripts.js';

export interface DeclareGroupOptions {
  /** Where it begins if it is new: with the oldest that is there unless told. */
  readonly startFrom?: StartFrom;
  /** What is to become of its messages that expire: as it was unless told, and of a new one they are discarded. */
  readonly onExpired?: 'discard' | 'dead-letter';
}

export interface RemoveGroupOptions {
  /** Also when it has consumers, or messages in flight: their work is not waited for. */
  readonly force?: boolean;
  /** Its dead letters go too. */
  readonly deadLetters?: boolean;
}

export interface RemovedGroup {
  /** Messages that waited for it, or were scheduled. */
  readonly dropped: number;
  /** Dead letters that were kept. */
  readonly deadLetters: number;
}

// Its consumers say so every 30 s at least.
const ACTIVE_MS = 60_000;
const ON_EXPIRED: readonly unknown[] = ['discard', 'dead-letter'];
const REMEDY = 'Stop its service first, or force it.';

/**
 * Creates a group, and its queue if need be, before its service is deployed: from then on nothing is trimmed that it has
 * not been given. Harmless when repeated.
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
 * Removes a group and all that is its own. First what would keep the log from being trimmed, in one step; then the
 * registry, which keeps its running consumers from creating it anew; then its retries, a slice at a time. Whoever is
 * stopped in between can remove it again.
 *
 * @throws {GroupBusyError} if it has consumers or messages in flight, unless forced
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
  // By force, a consumer may have created it anew before it could know.
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

/** A consumer of a paused group has nothing to do there, and does not say that it is there; its process does. */
async function assertNotPaused(
  { connection }: ManageContext,
  { path, group, seenAt, pausedAt }: RegisteredGroup,
): Promise<void> {
  if (pausedAt === undefined) return;
  const [seconds] = await connection.run((client) => client.time());
  if (Number(seconds) * 1_000 - seenAt >= ACTIVE_MS) return;
  throw new GroupBusyError(
    `Group "${group}" on "${displayPath(path)}" is paused and had a consumer lately. ${REMEDY}`,
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
    throw new GroupBusyError(`${named} has a consumer that is there, "${what}". ${REMEDY}`);
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
