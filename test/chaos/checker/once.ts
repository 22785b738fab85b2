import { TIMES } from '../setting.js';
import { isFailure } from './dead.js';
import { isSuccess } from './ends.js';
import type { Facts, Handling } from './facts.js';
import type { Findings } from './findings.js';
import type { Interruptions } from './interruptions.js';
import { tell } from './traces.js';

/**
 * Invariant 9: an idempotent handler succeeds once for its key, and never runs twice at once, except where its process
 * died or could not renew its lease in between.
 */
export function checkOnce(facts: Facts, findings: Findings): void {
  const runs = new Map<string, Handling[]>();
  for (const list of facts.handlings.values()) {
    for (const handling of list) {
      if (handling.key === undefined) continue;
      const name = `${handling.group} ${handling.key}`;
      runs.set(name, [...(runs.get(name) ?? []), handling]);
    }
  }
  for (const [name, list] of runs) {
    findings.count('idempotencyKeys');
    list.sort((a, b) => a.at - b.at);
    for (let index = 1; index < list.length; index += 1) {
      checkNext(facts, findings, name, list[index - 1] as Handling, list[index] as Handling);
    }
  }
}

/** Returns true when the process froze past its lease after it got the mark, and called the handler only after another ran. */
function wasFrozenOverIt(interruptions: Interruptions, before: Handling, after: Handling): boolean {
  const interval = { from: before.at - 2 * TIMES.leaseMs, to: after.at };
  const isOlder = after.n !== before.n || after.attempt < before.attempt;
  return isOlder && interruptions.frozenMs(after.pid, interval) >= TIMES.leaseMs;
}

function checkNext(
  { interruptions }: Facts,
  findings: Findings,
  name: string,
  before: Handling,
  after: Handling,
): void {
  const isOver = before.endedAt !== undefined && before.endedAt <= after.at;
  if (isOver && (isFailure(before) || !isSuccess(before))) return;
  const interval = { from: before.at, to: after.at };
  const why = interruptions.whyTakenOver(before.pid, interval);
  if (why !== undefined) return findings.except(`ran again: ${why}`);
  if (wasFrozenOverIt(interruptions, before, after)) {
    return findings.except('ran again: frozen before it began');
  }
  // The mark expires by the server's clock.
  if (interruptions.isClockWrong(interval)) return findings.except('ran again: clock');
  findings.violate('ranTwice', `${name}: ${tell([before, after])}`);
}
