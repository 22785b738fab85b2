import { entryTime, isEntryId } from '../../message/index.js';
import { validReplayId } from '../arguments.js';
import type { ManageContext } from '../context.js';

/** A replay of history that runs, or was stopped and can be resumed. */
export interface ReplayInfo {
  readonly id: string;
  readonly group: string;
  /** Publication time that it has reached, epoch ms. Nothing later is trimmed while the replay counts. */
  readonly at: number;
  /** End of the replay, epoch ms. */
  readonly until: number;
  /** Time of the last sign of life of its process, epoch ms on the server's clock; undefined for an older version. */
  readonly seenAt: number | undefined;
  /** True while a process runs it. Otherwise it was stopped, or its process died; trimming ignores it after a day. */
  readonly isRunning: boolean;
}

/** Interval at which the process of a replay reports its presence. */
export const REPLAY_TOUCH_MS = 20_000;
/** Time without a report after which the process counts as gone. */
export const REPLAY_GONE_MS = 3 * REPLAY_TOUCH_MS;

/** Lists the replays of a route that are neither finished nor cancelled. */
export async function listReplays(
  { connection, keys }: ManageContext,
  path: string,
): Promise<ReplayInfo[]> {
  const [[seconds], notes] = await connection.run((client) =>
    Promise.all([client.time(), client.hgetall(keys.route(path).replays)]),
  );
  return notedReplays(Object.entries(notes).flat(), Number(seconds) * 1_000);
}

/**
 * Reads the notes of replays, and skips any that LeanMQ did not write. Pure.
 *
 * @param notes ids and notes in turn
 * @param now epoch ms, the server's clock
 */
export function notedReplays(notes: readonly string[], now: number): ReplayInfo[] {
  const replays: ReplayInfo[] = [];
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
  /** Last entry that has been examined. */
  readonly cursor: string;
  readonly group: string;
  /** Last entry of the replay. */
  readonly end: string;
  readonly seen: number | undefined;
}

/** Returns undefined for a note that LeanMQ did not write. Pure. */
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

/** Forgets a replay: it stops if it runs, and nothing is kept for it any more. */
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
  // When the first reply is lost, the repeated call finds nothing.
  return removed > 0 || attempts > 1 ? 'cancelled' : 'not-found';
}
