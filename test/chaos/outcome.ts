import { rmSync, writeFileSync } from 'node:fs';

import type { ChaosOptions } from './cli.js';
import type { Say } from './say.js';
import type { Storm } from './storm.js';

/** Result of any run, as `--json` writes it. */
export interface Outcome {
  readonly seed: number;
  /** Messages sent, or accepted in a soak; each goes to every group. */
  readonly messages: number;
  readonly groups: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly violations: Readonly<Record<string, number>>;
  /** Deliveries beyond the necessary ones. */
  readonly duplicates: number;
}

/** Counts the faults of each kind. */
export function faultsOf({ records }: Storm): Record<string, number> {
  const faults = new Map<string, number>();
  for (const { kind } of records) faults.set(kind, (faults.get(kind) ?? 0) + 1);
  return sorted(faults);
}

/**
 * Reports the outcome, and deletes the histories of a clean run.
 *
 * @param text the outcome in readable form
 * @param folder the folder of the histories
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
