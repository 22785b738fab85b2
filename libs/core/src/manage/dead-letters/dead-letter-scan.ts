import type { Connection } from '../../redis/index.js';
import { readDeadLetter, type DeadLetter } from './dead-letter.js';
import type { DeadLetterRange } from './dead-letter-filter.js';
import { streamPages } from '../stream-pages.js';

/** Location of a dead-letter queue. */
export interface DeadLetterQueue {
  readonly connection: Connection;
  readonly path: string;
  readonly group: string;
  readonly key: string;
}

/** Reads all dead letters of a range, the oldest first, in pages. `end` excludes those that die meanwhile. */
export async function* scan(
  { connection, path, group, key }: DeadLetterQueue,
  { start, end }: DeadLetterRange,
): AsyncGenerator<DeadLetter> {
  for await (const page of streamPages(connection, key, { start, end })) {
    for (const [id, fields] of page) yield readDeadLetter(path, group, id, fields);
  }
}

/** Reads all dead letters of a range, the newest first, in pages. */
export async function* scanBack(
  { connection, path, group, key }: DeadLetterQueue,
  { start, end }: DeadLetterRange,
): AsyncGenerator<DeadLetter> {
  const range = { start: end, end: start, reversed: true };
  for await (const page of streamPages(connection, key, range)) {
    for (const [id, fields] of page) yield readDeadLetter(path, group, id, fields);
  }
}

/** Ends a range at the newest dead letter of now. Undefined without dead letters. */
export async function upToNow(
  { connection, key }: DeadLetterQueue,
  { start, end }: DeadLetterRange,
): Promise<DeadLetterRange | undefined> {
  const [newest] = await connection.run((client) => client.xrevrange(key, end, start, 'COUNT', 1));
  return newest && { start, end: newest[0] };
}
