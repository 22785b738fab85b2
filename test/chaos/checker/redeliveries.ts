import { TIMES } from '../setting.js';
import { isFailure } from './dead.js';
import type { Facts, Handling, SentMessage } from './facts.js';
import type { Findings } from './findings.js';
import { show, tell } from './traces.js';

/**
 * Invariants 5 and 10: a message is delivered again only for a reason in the history: a failure, a release, a replay, or a
 * fault that kept its consumer from renewing the lease. A consumer that lost the lease changes nothing.
 */
export function checkRedeliveries(facts: Facts, findings: Findings): void {
  for (const list of facts.handlings.values()) {
    const message = facts.messages.get((list[0] as Handling).n);
    if (message === undefined) continue;
    for (const handling of list) noteInterrupted(facts, findings, handling);
    for (const life of livesOf(list)) {
      checkAttempts(facts, findings, message, life);
      for (let index = 1; index < life.length; index += 1) {
        const pair = [life[index - 1] as Handling, life[index] as Handling] as const;
        checkPair(facts, findings, message, pair, life);
      }
    }
  }
  const duplicates = findings.counts.get('duplicates') ?? 0;
  const interrupted = findings.counts.get('interrupted') ?? 0;
  if (duplicates > interrupted) {
    findings.violate('moreDuplicatesThanFaults', `${duplicates} of ${interrupted} interrupted`);
  }
}

/** Splits handlings into lives; a replay begins a new one. Attempts only grow within a life, even when a handler starts late. */
function livesOf(list: readonly Handling[]): Handling[][] {
  const lives = new Map<string, Handling[]>();
  for (const handling of list) {
    const life = `${handling.origin} ${handling.replays}`;
    lives.set(life, [...(lives.get(life) ?? []), handling]);
  }
  return [...lives.values()].map((life) =>
    life.toSorted((a, b) => a.attempt - b.attempt || a.at - b.at),
  );
}

function noteInterrupted({ interruptions }: Facts, findings: Findings, handling: Handling): void {
  const { pid, at, endedAt } = handling;
  findings.count('deliveries');
  const to = (endedAt ?? at) + TIMES.leaseMs * 2;
  const isLeapedOver = interruptions.isLeapedOver({ from: at - TIMES.leaseMs, to });
  const isTouched = isLeapedOver || interruptions.isTouched(pid, { from: at, to });
  if (isTouched && !isInOrder(handling)) findings.count('interrupted');
}

/** Returns true when the delivery was settled while its consumer held the lease. */
function isInOrder({ settled, leaseLost }: Handling): boolean {
  return settled !== undefined && settled !== 'leaseLost' && leaseLost !== true;
}

/** Checks that failures and crashes account for every earlier attempt. */
function checkAttempts(
  facts: Facts,
  findings: Findings,
  message: SentMessage,
  life: readonly Handling[],
): void {
  for (const { attempt, crashes } of life) {
    const failures = life.filter((each) => isFailure(each) && each.attempt < attempt).length;
    if (attempt - 1 - crashes <= failures) continue;
    if (facts.interruptions.hasFailovers) findings.except('attemptsAfterFailover');
    else findings.violate('attemptFromNowhere', `${show(message)}: ${tell(life)}`);
    return;
  }
}

function checkPair(
  { interruptions }: Facts,
  findings: Findings,
  message: SentMessage,
  [before, after]: readonly [Handling, Handling],
  life: readonly Handling[],
): void {
  // The lease may have been lost before the handler was even called.
  const interval = { from: Math.min(before.at, after.at) - TIMES.leaseMs, to: after.at };
  const isTakenOver = after.crashes > before.crashes;
  if (isFailure(before) && !isTakenOver && after.attempt > before.attempt) return;
  // For example, the next consumer died before it called its handler.
  if (isFailure(before) && after.attempt > before.attempt + 1) return;
  if (after.attempt === before.attempt) {
    const termAt = interruptions.termAt(before.pid);
    const isReleased = before.settled === 'released' || (termAt !== undefined && termAt < after.at);
    if (isReleased) return findings.except('givenBack');
    if (interruptions.isRolledBack(interval)) return findings.except('redeliveredAfterFailover');
    return findings.violate('forkedAttempt', `${show(message)}: ${tell(life)}`);
  }
  const why = interruptions.whyTakenOver(before.pid, interval);
  if (why === undefined) {
    return findings.violate('redeliveredForNoReason', `${show(message)}: ${tell(life)}`);
  }
  // Nothing interrupted the handling, so a failover undid its settlement.
  if (isInOrder(before) && interruptions.mayBeUndone(before.settledAt ?? before.at)) {
    return findings.except('redeliveredAfterFailover');
  }
  findings.count('duplicates');
  findings.except(`redelivered: ${why}`);
}
