import { setTimeout as delay } from 'node:timers/promises';

/**
 * Bytes that one call of a script reads at most: some milliseconds of Redis, in which every other client waits. The
 * last entry may exceed it.
 */
export const SLICE_BYTES = 512 * 1024;

/** Like {@link SLICE_BYTES}, for a script that reads and writes. */
export const SLICE_MOVED_BYTES = 192 * 1024;

/** Maximum number of small items (members of the schedule, entries to remove) per call. */
export const SLICE_COUNT = 300;

/** Maximum number of entries that one call looks up by id. */
export const SLICE_LOOKUPS = 250;

/** Maximum number of groups, each with its streams, per call. */
export const SLICE_GROUPS = 50;

const PAUSE_MS = 1;

/** Repeats a slice until it returns false, with pauses in which other clients have their turn. */
export async function inSlices(slice: () => Promise<boolean>): Promise<void> {
  while (await slice()) await delay(PAUSE_MS);
}
