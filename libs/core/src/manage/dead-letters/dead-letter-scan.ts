import type { Connection } from '../../redis/index.js';
import { readDeadLetter, type DeadLetter } from './dead-letter.js';
import type { DeadLetterRange } from './dead-letter-filter.js';
import { streamPages } from '../stream-pages.js';

/** Where dead letters are. */
export interface DeadLetterQueue {
  readonly connection: Connection;
  readonly path: string;
  readonly group: string;
  readonly key: string;
}

/** All dead letters of a range, the oldest first, a page at a time. What dies meanwhile is left out by `end`. */
export async function* scan(
  { connection, path, group, key }: DeadLetterQueue,
  { start, end }: DeadLetterRange,
): AsyncGenerator<DeadLetter> {
  for await (const page of streamPages(connection, key, { start, end })) {
    for (const [id, fields] of page) yield readDeadLetter(path, group, id, fields);
  }
}

/** The same, the newest first. */
export async function* scanBack(
  { connection, path, group, key }: DeadLetterQueue,
  { start, end }: DeadLetterRange,
): AsyncGenerator<DeadLetter> {
  const range = { start: end, end: start, reversed: true };
  for await (const page of streamPages(connection, key, range)) {
    for (const [id, fields] of page) yield readDeadLetter(path, group, id, fields);
  }
}

/** The same range, ended by what is the newest dead letter now. Undefined if there is none. */
export async function upToNow(
  { connection, key }: DeadLetterQueue,
  { start, end }: DeadLetterRange,
): Promise<DeadLetterRange | undefined> {
  const [newest] = await connection.run((client) => client.xrevrange(key, end, start, 'COUNT', 1));
  return newest && { start, end: newest[0] };
}
