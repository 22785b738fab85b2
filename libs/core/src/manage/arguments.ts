import { ConfigError, NotFoundError, show } from '../errors.js';
import { displayPath, isEntryId, validGroup, type EntryId } from '../message/index.js';
import type { ManageContext } from './context.js';

/** @throws {ConfigError} unless it is a whole number of at least `least` */
export function wholeNumber(name: string, value: number, least: number): number {
  if (!Number.isSafeInteger(value) || value < least) {
    throw ConfigError.option(name, value, `a whole number, ${least} or more`);
  }
  return value;
}

/** @throws {ConfigError} unless it has the form of an entry id */
export function validEntryId(what: string, id: EntryId): EntryId {
  if (typeof id !== 'string' || !isEntryId(id)) {
    throw new ConfigError(
      `${what} ${show(id)} is not an id such as "1700000000000-0"; take one from list().`,
      { code: 'ID_INVALID' },
    );
  }
  return id;
}

/** @throws {ConfigError} unless it has the form of a replay id */
export function validReplayId(what: string, id: unknown): void {
  if (typeof id === 'string' && id !== '') return;
  throw new ConfigError(
    `${what} is ${show(id)}; allowed: the id of a replay, as replays() lists it.`,
    {
      code: 'ID_INVALID',
    },
  );
}

/** @throws {NotFoundError} unless the queue exists */
export async function assertQueue({ registry }: ManageContext, path: string): Promise<void> {
  const state = await registry.stateOf(path);
  if (state === 'known') return;
  const shown = displayPath(path);
  throw new NotFoundError(
    state === 'deleted'
      ? `Queue "${shown}" was deleted. Publish to it to revive it.`
      : `There is no queue "${shown}": nothing was published to it and no group declared on it. Check the path, or publish to it to create it.`,
  );
}

/** @throws {ConfigError | NotFoundError} unless the queue exists and the group is on it */
export async function assertGroup(
  context: ManageContext,
  path: string,
  group: string,
): Promise<void> {
  validGroup(group);
  await assertQueue(context, path);
  const { registry, connection, keys } = context;
  if ((await registry.groupOf(path, group)) !== undefined) return;
  // A group that was created by hand counts as well.
  const known = await connection.run((client) =>
    client.xinfo('GROUPS', keys.route(path).log).catch(() => []),
  );
  const names = (known as unknown[][]).map((row) => row[1] as string);
  if (names.includes(group)) return;
  throw new NotFoundError(
    `There is no group "${group}" on "${displayPath(path)}". Check the name, or declare it with declareGroup().`,
  );
}
