import { NotFoundError, RouteFullError } from '../../errors.js';
import { displayPath, type EntryId } from '../../message/index.js';
import type { ManageContext } from '../context.js';
import type { DeadLetterQueue } from './dead-letter-scan.js';
import { moveDeadScript, replayScript, type Transferred } from '../scripts.js';
import { SLICE_MOVED_BYTES, inSlices } from '../slices.js';

// Many small ones fit into a slice; more ids than this would make the call itself large.
const PER_CALL = 100;

/**
 * Delivers dead letters again, to their own group only.
 *
 * @param mended JSON of a payload to deliver in place of the original
 * @returns the ids that existed and were replayed
 * @throws {NotFoundError} if the group does not exist
 */
export async function replayIds(
  context: ManageContext,
  { connection, path, group, key: dead }: DeadLetterQueue,
  ids: readonly EntryId[],
  mended = '',
): Promise<EntryId[]> {
  const route = context.keys.route(path);
  const keys = { dead, inbox: route.inbox(group), expiry: route.expiry, log: route.log };
  const args = { group, limitBytes: SLICE_MOVED_BYTES, mended };
  return eachSlice(context, 'replayed', ids, async (some) => {
    const replayed = await connection.run((client) =>
      replayScript.run(client, keys, args, { args: some }),
    );
    if (replayed !== 'no group') return replayed;
    throw new NotFoundError(
      `There is no group "${group}" on "${displayPath(path)}" to replay to; declare it with declareGroup(), or start its service.`,
    );
  });
}

/**
 * Publishes dead letters to another queue, to all of its groups.
 *
 * @returns the ids that existed and were moved
 * @throws {RouteFullError} if they exceed the target's `maxLength`
 */
export async function moveIds(
  context: ManageContext,
  { connection, key: dead }: DeadLetterQueue,
  target: string,
  ids: readonly EntryId[],
): Promise<EntryId[]> {
  const { registry, keys } = context;
  const route = (await registry.routes()).find(({ path }) => path === target);
  const maxLength = route?.settings.maxLength;
  await connection.run((client) => registry.addRoute(client, target));
  const { log, expiry } = keys.route(target);
  const args = { maxLength: maxLength ?? '', limitBytes: SLICE_MOVED_BYTES };
  return eachSlice(context, 'moved', ids, async (some) => {
    const moved = await connection.run((client) =>
      moveDeadScript.run(client, { dead, log, expiry }, args, { args: some }),
    );
    if (moved === 'full') throw new RouteFullError(displayPath(target), maxLength);
    return moved;
  });
}

/** Drops dead letters for good. Returns the ids that existed. */
export async function discardIds(
  { connection, key }: DeadLetterQueue,
  ids: readonly EntryId[],
): Promise<EntryId[]> {
  const done: EntryId[] = [];
  for (let from = 0; from < ids.length; from += PER_CALL) {
    const some = ids.slice(from, from + PER_CALL);
    const results = await connection.run((client) =>
      Promise.all(some.map((id) => client.xdel(key, id))),
    );
    done.push(...some.filter((_, index) => results[index] === 1));
  }
  return done;
}

/** Processes ids a slice at a time; dead letters that are too wide stay where they are, with one warning. */
async function eachSlice(
  context: ManageContext,
  what: string,
  ids: readonly EntryId[],
  act: (some: readonly EntryId[]) => Promise<Transferred>,
): Promise<EntryId[]> {
  const done: EntryId[] = [];
  const wide: EntryId[] = [];
  let at = 0;
  await inSlices(async () => {
    if (at >= ids.length) return false;
    const slice = await act(ids.slice(at, at + PER_CALL));
    at += slice.looked;
    for (const id of slice.done) done.push(id);
    for (const id of slice.wide) wide.push(id);
    return at < ids.length;
  });
  if (wide.length > 0) {
    context.warn({
      code: 'DEAD_LETTER_WIDE',
      message: `${wide.length} dead letters, such as ${wide[0]}, have more than 7,000 fields and cannot be ${what}; they stay. Discard them, or read them with get() and publish their contents.`,
    });
  }
  return done;
}
