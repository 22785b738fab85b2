import { setTimeout as delay } from 'node:timers/promises';

/**
 * What one call of a script reads at most: some milliseconds of Redis, which holds up everybody else meanwhile. The last
 * entry may go beyond.
 */
export const SLICE_BYTES = 512 * 1024;

/** The same for one that reads and writes. */
export const SLICE_MOVED_BYTES = 192 * 1024;

/** How many small things (members of the schedule, entries to remove) one call deals with. */
export const SLICE_COUNT = 300;

/** How many entries one call looks up, each by its id. */
export const SLICE_LOOKUPS = 250;

/** How many groups one call looks at or changes, each with its streams. */
export const SLICE_GROUPS = 50;

const PAUSE_MS = 1;

/** Repeats something a slice at a time until it returns false, and lets the others have their turn in between. */
export async function inSlices(slice: () => Promise<boolean>): Promise<void> {
  while (await slice()) await delay(PAUSE_MS);
}
