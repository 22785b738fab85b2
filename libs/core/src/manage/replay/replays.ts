import { entryTime, isEntryId } from '../../message/index.js';
import { validReplayId } from '../arguments.js';
import type { ManageContext } from '../context.js';

/** A replay of history that runs, or was stopped and can be resumed. */
export interface NotedReplay {
  readonly id: string;
  readonly group: string;
  /** The instant that it has come to, epoch ms. Nothing after it is trimmed while the replay counts. */
  readonly at: number;
  /** Where it ends, epoch ms. */
  readonly until: number;
  /** When its process last said that it is there, epoch ms on the server's clock; undefined of an older version. */
  readonly seenAt: number | undefined;
  /** Whether a process is at it. One that is not was stopped, or its process died; trimming ignores it after a day. */
  readonly isRunning: boolean;
}

/** How often the process of a replay says that it is there. */
export const REPLAY_TOUCH_MS = 20_000;
/** After how long without that nobody is at it. */
export const REPLAY_GONE_MS = 3 * REPLAY_TOUCH_MS;

/** The replays of a route that are neither finished nor cancelled. */
export async function listReplays(
  { connection, keys }: ManageContext,
  path: string,
): Promise<NotedReplay[]> {
  const [[seconds], notes] = await connection.run((client) =>
    Promise.all([client.time(), client.hgetall(keys.route(path).replays)]),
  );
  return notedReplays(Object.entries(notes).flat(), Number(seconds) * 1_000);
}

/**
 * What notes tell; one that is not ours is left out. Pure.
 *
 * @param notes ids and notes in turn
 * @param now epoch ms, the server's clock
 */
export function notedReplays(notes: readonly string[], now: number): NotedReplay[] {
  const replays: NotedReplay[] = [];
  for (let index = 0; index + 1 < notes.length; index += 2) {
    const note = readNote(notes[index + 1] ?? '');
    if (note === undefined) continue;
    const { cursor, group, end, seen } = note;
    replays.push({
      ...{ id: notes[index] ?? '', group },
      ...{ at: entryTime(cursor), until: entryTime(end), seenAt: seen },
      isRunning: seen !== undefined && now - seen < REPLAY_GONE_MS,
    });
  }
  return replays;
}

export interface ReplayNote {
  /** Everything up to that entry has been looked at. */
  readonly cursor: string;
  readonly group: string;
  /** Its last entry. */
  readonly end: string;
  readonly seen: number | undefined;
}

/** Undefined if it is not one of ours. Pure. */
export function readNote(text: string): ReplayNote | undefined {
  const space = text.indexOf(' ');
  const cursor = text.slice(0, Math.max(0, space));
  try {
    const { group, end, seen } = JSON.parse(text.slice(space + 1)) as Record<string, unknown>;
    if (!isEntryId(cursor) || typeof group !== 'string' || typeof end !== 'string')
      return undefined;
    return { cursor, group, end, seen: typeof seen === 'number' ? seen : undefined };
  } catch {
    return undefined;
  }
}

/** Forgets a replay: it stops where it runs, and nothing is kept for it any more. */
export async function cancelReplay(
  { connection, keys }: ManageContext,
  path: string,
  id: string,
): Promise<'cancelled' | 'not-found'> {
  validReplayId('The id', id);
  let attempts = 0;
  const removed = await connection.run((client) => {
    attempts += 1;
    return client.hdel(keys.route(path).replays, id);
  });
  // Sent twice, because the first answer was lost, the second finds nothing.
  return removed > 0 || attempts > 1 ? 'cancelled' : 'not-found';
}
