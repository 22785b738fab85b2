import type { Connection } from '../redis/index.js';

/** An entry with its fields as bytes, names and values in turn. */
export type RawEntry = readonly [id: string, fields: readonly Buffer[]];

export interface StreamRange {
  readonly start: string;
  readonly end: string;
  /** The newest first. */
  readonly reversed?: boolean;
  /** How many are wanted at most; all unless told. */
  readonly most?: number;
}

/** A reply is to be about so large; how large entries are is only known when they are there. */
export const PAGE_BYTES = 1024 * 1024;
const MOST_PER_PAGE = 100;
/** How many entries to ask for at first. */
export const FIRST_PAGE = 10;

/**
 * All entries of a range of a stream, a page at a time: the larger they are, the fewer to a page.
 *
 * Backwards, a page begins with the last entry of the one before: asked for what is before the first entry, Redis walks the
 * whole stream.
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

/** Bytes of an entry's fields. */
export function sizeOf(fields: readonly { readonly length: number }[]): number {
  return fields.reduce((total, { length }) => total + length, 0);
}

/** How many entries to ask for next, after some of such sizes in bytes. */
export function nextCount(sizes: readonly number[]): number {
  const bytes = sizes.reduce((total, size) => total + size, 0);
  const fitting = Math.floor((PAGE_BYTES * sizes.length) / Math.max(1, bytes));
  return Math.min(Math.max(1, fitting), MOST_PER_PAGE);
}

/** How many more entries to ask for until a page is full: of so many, or so many bytes. */
export function countToFill(
  page: readonly (readonly [id: string, fields: readonly { readonly length: number }[]])[],
): number {
  const sizes = page.map(([, fields]) => sizeOf(fields));
  return Math.max(0, nextCount(sizes) - page.length);
}
