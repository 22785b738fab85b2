/** A stream entry's id, `milliseconds-sequence`, as Redis gives it. */
export type EntryId = string;

const ENTRY_ID = /^(\d{1,20})-(\d{1,20})$/;

export function isEntryId(id: string): boolean {
  return ENTRY_ID.test(id);
}

/** The instant of an entry id, epoch ms on the server's clock; NaN when it is not an entry id. */
export function entryTime(id: EntryId): number {
  return isEntryId(id) ? Number.parseInt(id, 10) : NaN;
}

/**
 * The ids of a batch that one script call appended: the same millisecond, consecutive sequence numbers.
 *
 * @param first id of the first entry
 */
export function* consecutiveIds(first: EntryId): Generator<EntryId, never> {
  const dash = first.indexOf('-');
  const prefix = first.slice(0, dash + 1);
  for (let sequence = Number(first.slice(dash + 1)); ; sequence += 1) yield prefix + sequence;
}
