import type { Facts } from './facts.js';
import type { Findings } from './findings.js';

/**
 * A script may take 50 ms on a machine of its own. Here a dozen processes share a few cores, and the server may have to wait
 * for one in the middle of it.
 */
const MOST_MS = 250;

/** Invariant 15: no script of ours holds Redis up, however large the payloads. */
export function checkHeldUp({ evidence }: Facts, findings: Findings): void {
  const frozen = evidence.storm.records.filter(({ kind }) => kind === 'redis-freeze');
  for (const { at, ms, command } of evidence.final.slow) {
    // It says when a command began, in whole seconds.
    const isFrozen = frozen.some(({ from, to }) => at + 1_000 >= from && at - ms <= to);
    if (ms > MOST_MS && !isFrozen) findings.violate('redisHeldUp', `${ms} ms: ${command}`);
  }
}
