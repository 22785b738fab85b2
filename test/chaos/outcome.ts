import { rmSync, writeFileSync } from 'node:fs';

import type { ChaosOptions } from './cli.js';
import type { Say } from './say.js';
import type { Storm } from './storm.js';

/** What `--json` writes of every run. */
export interface Outcome {
  readonly seed: number;
  /** How many were sent, of a soak how many were accepted; each of them for every group. */
  readonly messages: number;
  readonly groups: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly violations: Readonly<Record<string, number>>;
  /** Deliveries beyond the one that was needed. */
  readonly duplicates: number;
}

/** How many there were of each kind. */
export function faultsOf({ records }: Storm): Record<string, number> {
  const faults = new Map<string, number>();
  for (const { kind } of records) faults.set(kind, (faults.get(kind) ?? 0) + 1);
  return sorted(faults);
}

/**
 * Tells how it ended, and keeps the histories of what went wrong.
 *
 * @param text the outcome for a person
 * @param folder where the histories are
 * @returns the exit code
 */
export function conclude(
  outcome: Outcome,
  text: string,
  { json, keep }: ChaosOptions,
  folder: string,
  say: Say,
): number {
  process.stdout.write(text);
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(outcome, undefined, 2)}\n`);
  const isViolated = Object.keys(outcome.violations).length > 0;
  if (isViolated) say(`the histories are in ${folder}`);
  else if (keep === undefined) rmSync(folder, { recursive: true });
  return isViolated ? 1 : 0;
}

export function sorted<Value>(map: ReadonlyMap<string, Value>): Record<string, Value> {
  return Object.fromEntries([...map].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
