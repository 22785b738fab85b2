import { entryTime } from '../message/index.js';
import type { ManageContext } from './context.js';

/** A replay of history that runs, or was stopped and can be gone on with. */
export interface NotedReplay {
  readonly id: string;
  readonly group: string;
  /** The instant that it has come to, epoch ms. Nothing after it is trimmed as long as the replay is noted. */
  readonly at: number;
  /** Where it ends, epoch ms. */
  readonly until: number;
}

/** The replays of a route that are neither finished nor cancelled. */
export async function listReplays(
  { connection, keys }: ManageContext,
  path: string,
): Promise<NotedReplay[]> {
  const noted = await connection.run((client) => client.hgetall(keys.route(path).replays));
  return Object.entries(noted).map(([id, text]) => {
    const space = text.indexOf(' ');
    const { group, end } = JSON.parse(text.slice(space + 1)) as { group: string; end: string };
    return { id, group, at: entryTime(text.slice(0, space)), until: entryTime(end) };
  });
}

/** Forgets a replay: it stops where it runs, and nothing is kept for it any more. */
export async function cancelReplay(
  { connection, keys }: ManageContext,
  path: string,
  id: string,
): Promise<'cancelled' | 'not-found'> {
  let attempts = 0;
  const removed = await connection.run((client) => {
    attempts += 1;
    return client.hdel(keys.route(path).replays, id);
  });
  // Sent twice, because the first answer was lost, the second finds nothing.
  return removed > 0 || attempts > 1 ? 'cancelled' : 'not-found';
}
