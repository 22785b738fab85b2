import type { Connection } from '../redis/index.js';

/** An entry with its fields as bytes, names and values in turn. */
export type RawEntry = readonly [id: string, fields: readonly Buffer[]];

export interface StreamRange {
  readonly start: string;
  readonly end: string;
  /** Newest entries first. @default false */
  readonly reversed?: boolean;
  /** Maximum number of entries. @default undefined (all) */
  readonly most?: number;
}

/** Target size of a reply, in bytes; the size of an entry is known only once it has been read. */
export const PAGE_BYTES = 1024 * 1024;
const MOST_PER_PAGE = 100;
/** Number of entries in the first request. */
export const FIRST_PAGE = 10;

/**
 * Reads all entries of a range of a stream, in pages: the larger the entries, the fewer per page.
 *
 * When reversed, each page begins with the last entry of the previous one: asked for the entries before the first one,
 * Redis walks the whole stream.
 */
export async function* streamPages(
  connection: Connection,
  key: string,
  { start, end, reversed = false, most = Infinity }: StreamRange,
): AsyncGenerator<readonly RawEntry[]> {
  let left = most;
  let count = Math.min(FIRST_PAGE, left);
  for (let from = start, known = 0; ;) {
    const asked = count + known;
    const page = await connection.run((client) =>
      reversed
        ? client.xrevrangeBuffer(key, from, end, 'COUNT', asked)
        : client.xrangeBuffer(key, from, end, 'COUNT', asked),
    );
    const entries = page
      .map(([id, fields]): RawEntry => [id.toString(), fields])
      .filter(([id]) => known === 0 || id !== from);
    if (entries.length > 0) yield entries;
    const last = entries.at(-1);
    left -= entries.length;
    if (last === undefined || page.length < asked || left <= 0) return;
    from = reversed ? last[0] : `(${last[0]}`;
    known = reversed ? 1 : 0;
    count = Math.min(nextCount(entries.map(([, fields]) => sizeOf(fields))), left);
  }
}

/** Returns the size of an entry's fields, in bytes. */
export function sizeOf(fields: readonly { readonly length: number }[]): number {
  return fields.reduce((total, { length }) => total + length, 0);
}

/** Returns the number of entries to request next, given the sizes of earlier ones in bytes. */
export function nextCount(sizes: readonly number[]): number {
  const bytes = sizes.reduce((total, size) => total + size, 0);
  const fitting = Math.floor((PAGE_BYTES * sizes.length) / Math.max(1, bytes));
  return Math.min(Math.max(1, fitting), MOST_PER_PAGE);
}

/** Returns the number of further entries to request until a page reaches its limit of entries or bytes. */
export function countToFill(
  page: readonly (readonly [id: string, fields: readonly { readonly length: number }[]])[],
): number {
  const sizes = page.map(([, fields]) => sizeOf(fields));
  return Math.max(0, nextCount(sizes) - page.length);
}
