import type { Facts } from './facts.js';
import type { Findings } from './findings.js';

/**
 * Time limit of a script, ms. A script may take 50 ms on an idle machine; here a dozen processes share a few cores with the
 * server.
 */
const MOST_MS = 250;

/** Largest difference between `at` and a jump, ms: `at` is in whole seconds, and taken after the script. */
const NEAR_MS = 2_000;

/** Invariant 15: no script of the engine holds Redis up, and no reply is too large, however large the payloads. */
export function checkHeldUp({ evidence, interruptions }: Facts, findings: Findings): void {
  const frozen = evidence.storm.records.filter(({ kind }) => kind === 'redis-freeze');
  for (const { at, ms, command } of evidence.final.slow) {
    // The slow log gives the start of a command in whole seconds.
    const isFrozen = frozen.some(({ from, to }) => at + 1_000 >= from && at - ms <= to);
    if (ms <= MOST_MS || isFrozen) continue;
    // Redis measures with the same clock that the fault sets.
    const isClock = interruptions.clockJumps.some(
      ({ byMs, shownAt }) =>
        Math.abs(at - shownAt) <= NEAR_MS && ms >= byMs - 1 && ms - byMs <= MOST_MS,
    );
    if (isClock) findings.except('slowByTheClock');
    else findings.violate('redisHeldUp', `${ms} ms: ${command}`);
  }
  for (const line of evidence.oversized) findings.violate('replyTooLarge', line);
}
