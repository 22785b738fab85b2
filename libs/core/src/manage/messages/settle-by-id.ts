import { ConfigError, MessageError, MessageWaitingError, show } from '../../errors.js';
import { displayPath, validGroup } from '../../message/index.js';
import { known } from '../../option-values.js';
import { assertGroup, assertQueue } from '../arguments.js';
import type { ManageContext } from '../context.js';
import { find, type FoundRaw } from './find.js';
import { buryMessageScript, removeMessageScript, runNowScript } from './message-scripts.js';

export interface SettleMessageOptions {
  /** Group for which the message is settled. @default the group of this process */
  readonly group?: string;
}

export interface BuryMessageOptions extends SettleMessageOptions {
  /** Reason that the dead letter shows. @default 'Buried by hand.' */
  readonly message?: string;
}

/** Former place of a settled message. */
export type SettledMessageState = 'waiting' | 'in-flight' | 'scheduled';

// A message may move during the search.
const TRIES = 5;

interface Spot {
  readonly group: string;
  readonly state: SettledMessageState;
  readonly source: string;
  readonly at: string;
  readonly entry: string;
}

/** Marks a message as done for a group, as if its handler had succeeded. Returns undefined if it is not unfinished. */
export function ackById(
  context: ManageContext,
  path: string,
  id: string,
  options: SettleMessageOptions = {},
): Promise<SettledMessageState | undefined> {
  known('ack()', options, ['group']);
  const { connection, keys } = context;
  return settle(context, path, id, options, (spot) =>
    connection.run((client) =>
      removeMessageScript.run(
        client,
        { log: keys.route(path).log },
        { ...spot, whose: '', keep: 'keep' },
      ),
    ),
  );
}

/** Dead-letters a message for a group, as if its handler had rejected it. */
export function buryById(
  context: ManageContext,
  path: string,
  id: string,
  options: BuryMessageOptions = {},
): Promise<SettledMessageState | undefined> {
  known('bury()', options, ['group', 'message']);
  if (options.message !== undefined && typeof options.message !== 'string') {
    throw ConfigError.option('message', options.message, 'a text');
  }
  const { connection, keys } = context;
  const why = JSON.stringify({
    name: 'Buried',
    message: Buffer.from((options.message ?? 'Buried by hand.').slice(0, 2_000)).toString(),
  });
  return settle(context, path, id, options, async (spot) => {
    const result = await connection.run((client) =>
      buryMessageScript.run(client, { log: keys.route(path).log }, { ...spot, why }),
    );
    if (result !== 'wide') return result;
    throw new MessageError(
      'MESSAGE_TOO_WIDE',
      `Message ${show(id)} of "${displayPath(path)}" has more than 7,000 fields and cannot be buried. Remove it.`,
    );
  });
}

/**
 * Makes a delayed message, or a scheduled retry of a group, due now.
 *
 * @returns the former state; undefined if the message is not scheduled
 */
export async function runNow(
  context: ManageContext,
  path: string,
  id: string,
  options: SettleMessageOptions = {},
): Promise<'delayed' | 'scheduled' | undefined> {
  known('runNow()', options, ['group']);
  if (options.group !== undefined) validGroup(options.group);
  await assertQueue(context, path);
  const found = await find(context, path, id);
  if (found === undefined) return undefined;
  const isDelayed = found.raw.due !== undefined;
  const member = isDelayed ? `send:${id}` : retryOf(found, options.group ?? context.ownGroup());
  if (member === undefined) return undefined;
  const { schedule } = context.keys.route(path);
  const isThere = await context.connection.run((client) =>
    runNowScript.run(client, { schedule }, { member }),
  );
  if (isThere === 0) return undefined;
  await context.sweep(path);
  return isDelayed ? 'delayed' : 'scheduled';
}

function retryOf({ raw }: FoundRaw, group: string): string | undefined {
  const place = raw.groups[group];
  return place?.state === 'scheduled' ? place.at : undefined;
}

async function settle(
  context: ManageContext,
  path: string,
  id: string,
  { group = context.ownGroup() }: SettleMessageOptions,
  act: (spot: Spot) => Promise<'removed' | 'buried' | 'moved' | 'wanted'>,
): Promise<SettledMessageState | undefined> {
  await assertGroup(context, path, group);
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const spot = spotOf(await find(context, path, id), group);
    if (spot === undefined) return undefined;
    const result = await act(spot);
    if (result === 'wanted') throw new MessageWaitingError(id, displayPath(path));
    if (result !== 'moved') return spot.state;
  }
  throw new MessageError(
    'MESSAGE_MOVED',
    `Message ${show(id)} of "${displayPath(path)}" moved each time it was about to be settled. Try again.`,
    { retryable: true },
  );
}

function spotOf(found: FoundRaw | undefined, group: string): Spot | undefined {
  const place = found?.raw.groups[group];
  if (found === undefined || place === undefined || found.raw.due !== undefined) return undefined;
  const { state, source = '', at = '' } = place;
  const entry = found.raw.entry ?? '';
  if (state === 'waiting' || state === 'in-flight' || state === 'scheduled') {
    return { group, state, source: state === 'scheduled' ? '' : source, at, entry };
  }
  return undefined;
}
