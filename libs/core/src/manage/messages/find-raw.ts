import { isEntryId, type EntryId } from '../../message/index.js';
import type { ManageContext } from '../context.js';
import {
  PHASES,
  findCopiesScript,
  findEntryScript,
  findScript,
  type Phase,
  type RawFound,
  type RawPlace,
  type Rest,
} from './find-scripts.js';
import { SLICE_BYTES, inSlices } from '../slices.js';

export interface FindLimits {
  /** Last dead letter to ignore, along with all earlier ones. */
  readonly deadAfter?: EntryId;
}

// Limit of the search for one message, per group and in total: some tenths of a second of Redis.
const SLICES_PER_GROUP = 8;
const MOST_SLICES = 64;

/** Finds where a message is for each group; a group whose copy is not found within the limit is `unknown`. */
export async function findRaw(
  context: ManageContext,
  path: string,
  id: string,
  names: readonly string[],
  { deadAfter = '' }: FindLimits = {},
): Promise<RawFound> {
  const { connection, keys } = context;
  const { log } = keys.route(path);
  const slices = { left: MOST_SLICES / 2 };
  const look = (entryId: string): ReturnType<typeof findScript.run> =>
    connection.run((client) =>
      findScript.run(
        client,
        { log },
        { id, entryId, limitBytes: SLICE_BYTES, deadAfter },
        { args: names },
      ),
    );
  let first = await look(isEntryId(id) ? id : '');
  if (first.searched !== undefined) {
    first = await look(await findEntry(context, log, id, first.searched, slices));
  }
  const places: Record<string, RawPlace> = { ...first.groups };
  const open = (): string[] => Object.keys(places).filter((name) => places[name]?.state === 'open');
  slices.left = Math.min(SLICES_PER_GROUP * open().length, MOST_SLICES);
  let rest: Rest | undefined = first.rest;
  for (const phase of phasesFrom(first.rest?.phase)) {
    rest ??= { at: '', groups: open() };
    await inSlices(async () => {
      if (rest === undefined || rest.groups.length === 0 || slices.left <= 0) return false;
      slices.left -= 1;
      const { at, groups } = rest;
      const args = { id, entry: first.entry ?? '', limitBytes: SLICE_BYTES, deadAfter, phase, at };
      const found = await connection.run((client) =>
        findCopiesScript.run(client, { log }, args, { args: groups }),
      );
      for (const [name, place] of Object.entries(found.groups)) {
        places[name] = { ...place, known: places[name]?.known ?? false };
      }
      rest = found.rest;
      return rest !== undefined;
    });
    if (slices.left <= 0) break;
    rest = undefined;
  }
  const isAllSeen = first.rest === undefined || slices.left > 0;
  for (const name of open()) {
    const { known = false, isEnded } = places[name] ?? {};
    const state = !isAllSeen ? 'unknown' : isEnded === true ? 'done' : 'gone';
    places[name] = { state, known };
  }
  return { ...first, groups: places };
}

/** Continues the search for the entry of a caller's own id. Returns '-' when it has no entry. */
async function findEntry(
  { connection }: ManageContext,
  log: string,
  id: string,
  from: string,
  slices: { left: number },
): Promise<string> {
  let at = from;
  let found = '-';
  await inSlices(async () => {
    slices.left -= 1;
    const { entry, next } = await connection.run((client) =>
      findEntryScript.run(client, { log }, { id, from: at, limitBytes: SLICE_BYTES }),
    );
    if (entry !== '') found = entry;
    at = next;
    return entry === '' && next !== '' && slices.left > 0;
  });
  return found;
}

function phasesFrom(phase: Phase | undefined): readonly Phase[] {
  return phase === undefined ? [] : PHASES.slice(PHASES.indexOf(phase));
}
