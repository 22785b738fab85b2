import { MessageError, MessageWaitingError, show } from '../../errors.js';
import { displayPath } from '../../message/index.js';
import { flag, known } from '../../option-values.js';
import { assertGroup, assertQueue } from '../arguments.js';
import type { ManageContext } from '../context.js';
import { find, type FoundRaw } from './find.js';
import type { RawFound, RawPlace } from './find-scripts.js';
import { removeMessageScript } from './message-scripts.js';

export interface RemoveMessageOptions {
  /** Group for which the message is removed. @default the group of this process */
  readonly group?: string;
  /** Remove the message for every group. @default false */
  readonly allGroups?: boolean;
}

/** Former place of a removed message; for several groups, the first place where it was not done. */
export type RemovedMessageState =
  'waiting' | 'in-flight' | 'scheduled' | 'dead' | 'delayed' | 'done' | 'expired';

// A message may move during the search: from the schedule to the inbox, from there to a consumer.
const TRIES = 5;

/**
 * Removes a message for one group, wherever it is, for good; its body is deleted when all groups are done with it. A
 * running handler is informed through its signal.
 *
 * @returns where the message was; undefined if it was not found
 * @throws {MessageWaitingError} if it waits on the log for other groups too: one group cannot skip a single entry
 */
export async function remove(
  context: ManageContext,
  path: string,
  id: string,
  options: RemoveMessageOptions = {},
): Promise<RemovedMessageState | undefined> {
  known('remove()', options, ['group', 'allGroups']);
  flag('allGroups', options.allGroups);
  const { allGroups = false } = options;
  if (allGroups) await assertQueue(context, path);
  const group = allGroups ? undefined : (options.group ?? context.ownGroup());
  if (group !== undefined) await assertGroup(context, path, group);
  let from: RemovedMessageState | undefined;
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const found = await find(context, path, id);
    if (found === undefined) return from;
    const result = await removeFound(context, path, id, found, group);
    if (from === undefined || from === 'done') from = result.from ?? from;
    if (!result.hasMoved) return from;
  }
  throw new MessageError(
    'MESSAGE_MOVED',
    `Message ${show(id)} of "${displayPath(path)}" moved each time it was about to be removed. Try again.`,
    { retryable: true },
  );
}

interface Removal {
  readonly from: RemovedMessageState | undefined;
  /** True when the message had left one of the places where it was seen. */
  readonly hasMoved: boolean;
}

async function removeFound(
  context: ManageContext,
  path: string,
  id: string,
  { raw, present }: FoundRaw,
  group: string | undefined,
): Promise<Removal> {
  if (raw.due !== undefined) {
    const others = present.filter((each) => each !== group);
    if (group !== undefined && others.length > 0) {
      throw new MessageWaitingError(id, displayPath(path));
    }
    const place = { state: 'delayed' as const, at: `send:${id}` };
    return removeFrom(context, path, id, raw, group ?? '', place, group === undefined);
  }
  const concerned = group === undefined ? Object.keys(raw.groups) : [group];
  let from: RemovedMessageState | undefined;
  for (const each of concerned) {
    const place = raw.groups[each];
    const state = place === undefined ? undefined : removableState(place.state);
    if (place === undefined || state === undefined) continue;
    const { source, at = '' } = place;
    const where = { state, at, ...(source !== undefined && { source }) };
    const result = await removeFrom(context, path, id, raw, each, where, group === undefined);
    if (result.hasMoved) return { from, hasMoved: true };
    from = from === undefined || from === 'done' ? result.from : from;
  }
  // Without any group, the message is only on the log.
  if (from === undefined && raw.body && present.length === 0 && raw.entry !== undefined) {
    const place = { state: 'waiting' as const, source: 'log' as const, at: raw.entry };
    return removeFrom(context, path, id, raw, '', place, true);
  }
  return { from, hasMoved: false };
}

function removableState(
  state: RawPlace['state'],
): Exclude<RemovedMessageState, 'expired'> | undefined {
  // An expired message still waits on the log.
  if (state === 'expired') return 'waiting';
  return state === 'gone' || state === 'unknown' || state === 'open' ? undefined : state;
}

async function removeFrom(
  { connection, keys }: ManageContext,
  path: string,
  id: string,
  raw: RawFound,
  group: string,
  {
    state,
    source = '',
    at,
  }: { state: Exclude<RemovedMessageState, 'expired'>; source?: string; at: string },
  all: boolean,
): Promise<Removal> {
  const { log } = keys.route(path);
  const whose = all ? 'all' : '';
  const args = { group, state, source, at, entry: raw.entry ?? '', whose, keep: '' };
  const result = await connection.run((client) => removeMessageScript.run(client, { log }, args));
  if (result === 'wanted') throw new MessageWaitingError(id, displayPath(path));
  return result === 'moved'
    ? { from: undefined, hasMoved: true }
    : { from: state, hasMoved: false };
}
