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

/** Whether an entry was appended to a stream after another one of it. */
export function isLater(id: EntryId, than: EntryId): boolean {
  const dash = id.indexOf('-');
  const other = than.indexOf('-');
  // Numbers without leading zeros: the longer is the larger, and those of one length are in the order of texts.
  if (dash !== other) return dash > other;
  if (id.length === than.length) return id > than;
  const ms = id.slice(0, dash);
  const otherMs = than.slice(0, dash);
  return ms === otherMs ? id.length > than.length : ms > otherMs;
}

/**
 * The ids of a batch that one script call appended: the same millisecond, consecutive sequence numbers.
 *
 * @param first id of the first entry
 */
export function* consecutiveIds(first: EntryId): Generator<EntryId, never> {
  const dash = first.indexOf('-');
  const prefix = first.slice(0, dash + 1);
  let sequence = Number(first.slice(dash + 1));
  for (; sequence < Number.MAX_SAFE_INTEGER; sequence += 1) yield prefix + sequence;
  // A sequence number has 64 bits; only a foreign entry begins there.
  let exact = sequence > Number.MAX_SAFE_INTEGER ? BigInt(first.slice(dash + 1)) : BigInt(sequence);
  for (; ; exact += 1n) yield prefix + exact;
}
