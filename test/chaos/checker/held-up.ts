import type { Facts } from './facts.js';
import type { Findings } from './findings.js';

/**
 * A script may take 50 ms on a machine of its own. Here a dozen processes share a few cores, and the server may have to wait
 * for one in the middle of it.
 */
const MOST_MS = 250;

/** What `at` and the moment of a jump may differ by, ms: one is in whole seconds, and taken when the script has ended. */
const NEAR_MS = 2_000;

/** Invariant 15: no script of ours holds Redis up, and no reply of it is too large, however large the payloads. */
export function checkHeldUp({ evidence, interruptions }: Facts, findings: Findings): void {
  const frozen = evidence.storm.records.filter(({ kind }) => kind === 'redis-freeze');
  for (const { at, ms, command } of evidence.final.slow) {
    // It says when a command began, in whole seconds.
    const isFrozen = frozen.some(({ from, to }) => at + 1_000 >= from && at - ms <= to);
    if (ms <= MOST_MS || isFrozen) continue;
    // Redis measures with the clock that the fault sets.
    const isClock = interruptions.clockJumps.some(
      ({ byMs, shownAt }) =>
        Math.abs(at - shownAt) <= NEAR_MS && ms >= byMs - 1 && ms - byMs <= MOST_MS,
    );
    if (isClock) findings.except('slowByTheClock');
    else findings.violate('redisHeldUp', `${ms} ms: ${command}`);
  }
  for (const line of evidence.oversized) findings.violate('replyTooLarge', line);
}
