/** Id of a stream entry, `milliseconds-sequence`, as Redis returns it. */
export type EntryId = string;

const ENTRY_ID = /^(\d{1,20})-(\d{1,20})$/;

export function isEntryId(id: string): boolean {
  return ENTRY_ID.test(id);
}

/** Returns the instant of an entry id, epoch ms on the server's clock; NaN when `id` is not an entry id. */
export function entryTime(id: EntryId): number {
  return isEntryId(id) ? Number.parseInt(id, 10) : NaN;
}

/** Returns true when entry `id` was appended to its stream after entry `than`. */
export function isLater(id: EntryId, than: EntryId): boolean {
  const dash = id.indexOf('-');
  const other = than.indexOf('-');
  // Without leading zeros, the longer number is the larger; numbers of equal length compare as text.
  if (dash !== other) return dash > other;
  if (id.length === than.length) return id > than;
  const ms = id.slice(0, dash);
  const otherMs = than.slice(0, dash);
  return ms === otherMs ? id.length > than.length : ms > otherMs;
}

/**
 * Yields the ids of entries appended by one script call: the same millisecond, consecutive sequence numbers.
 *
 * @param first id of the first entry
 */
export function* consecutiveIds(first: EntryId): Generator<EntryId, never> {
  const dash = first.indexOf('-');
  const prefix = first.slice(0, dash + 1);
  let sequence = Number(first.slice(dash + 1));
  for (; sequence < Number.MAX_SAFE_INTEGER; sequence += 1) yield prefix + sequence;
  // A sequence number has 64 bits; only a stream with foreign entries reaches such numbers.
  let exact = sequence > Number.MAX_SAFE_INTEGER ? BigInt(first.slice(dash + 1)) : BigInt(sequence);
  for (; ; exact += 1n) yield prefix + exact;
}
