import type { Letter } from '../final-state.js';
import { GROUPS, TIMES, type Group } from '../setting.js';
import { keyOf, type Facts, type Handling, type SentMessage } from './facts.js';
import type { Findings } from './findings.js';
import { isKept } from './publishing.js';
import { originsOf, show, tell } from './traces.js';

/**
 * Invariants 1 and 2: an acknowledged message reaches every group, and ends in each: done or as a dead letter. Both are
 * allowed only when the success came from a consumer that had lost the lease.
 */
export function checkEnds(facts: Facts, findings: Findings): void {
  const doneKeys = keysDone(facts);
  for (const message of facts.messages.values()) {
    const isThere = originsOf(facts, message.n).size > 0;
    if (message.status !== 'ok' && !isThere) continue;
    let isLost = false;
    for (const group of GROUPS) {
      const handlings = facts.handlings.get(keyOf(message.n, group)) ?? [];
      const letters = facts.letters.get(keyOf(message.n, group)) ?? [];
      const { key } = message.planned.task;
      const isDone =
        handlings.some(isSuccess) || (key !== undefined && doneKeys.has(`${group} ${key}`));
      if (isDone) checkNotBoth(facts, findings, handlings, letters, message);
      if (isDone || letters.length > 0 || mayHaveExpired(message, group)) continue;
      if (mayBeRolledBack(facts, message)) {
        isLost = true;
        continue;
      }
      if (handlings.length === 0) {
        isLost = true;
        findings.violate('lost', `${show(message)} never reached group ${group}`);
      } else {
        findings.violate('unfinished', `${show(message)} in group ${group}: ${tell(handlings)}`);
      }
    }
    if (isLost) findings.count(message.status === 'ok' ? 'lost' : 'lostUnacknowledged');
  }
}

/** Returns true for a success that counts. The engine had given up a handler that it told to stop. */
export function isSuccess({ how, aborted }: Handling): boolean {
  return how === 'ok' && (aborted === undefined || aborted === 'LeaseLostError');
}

function keysDone(facts: Facts): Set<string> {
  const done = new Set<string>();
  for (const list of facts.handlings.values()) {
    for (const handling of list) {
      if (handling.key !== undefined && isSuccess(handling)) {
        done.add(`${handling.group} ${handling.key}`);
      }
    }
  }
  return done;
}

/** Returns true when group `a` may have discarded the message. By the end of a run everything that can expire has. */
function mayHaveExpired({ planned }: SentMessage, group: Group): boolean {
  return planned.ttlMs !== undefined && group === 'a';
}

/** Returns true when a failover may have lost the message: not every replica had to confirm it. */
function mayBeRolledBack(facts: Facts, message: SentMessage): boolean {
  const { durability } = facts.evidence.options;
  if (!facts.interruptions.hasFailovers) return false;
  if (durability === '2' && message.status === 'ok') return false;
  const isOnLog = facts.entries.has(message.n);
  const at = { from: message.invokedAt, to: message.okAt ?? facts.evidence.endedAt };
  return facts.interruptions.isRolledBack(at) && !(isKept(message) && isOnLog);
}

function checkNotBoth(
  facts: Facts,
  findings: Findings,
  handlings: readonly Handling[],
  letters: readonly Letter[],
  message: SentMessage,
): void {
  for (const letter of letters) {
    const life = handlings.filter(({ replays }) => replays === letter.replays);
    const successes = life.filter(isSuccess);
    if (successes.length === 0) continue;
    if (successes.every((success) => hasLostLease(facts, success, life))) {
      findings.except('lateSuccessOfDeadLetter');
    } else {
      findings.violate(
        'doneAndDead',
        `${show(message)} is a dead letter of ${letter.group} (${letter.reason}): ${tell(life)}`,
      );
    }
  }
}

/** Returns true when another consumer had the message by the end of this handling. */
function hasLostLease(facts: Facts, success: Handling, life: readonly Handling[]): boolean {
  if (success.leaseLost === true || success.aborted === 'LeaseLostError') return true;
  const next = life.find(({ attempt }) => attempt > success.attempt);
  const to = next?.at ?? (success.settledAt ?? success.endedAt ?? success.at) + TIMES.leaseMs * 2;
  return facts.interruptions.whyTakenOver(success.pid, { from: success.at, to }) !== undefined;
}
