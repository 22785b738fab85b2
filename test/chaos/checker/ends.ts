import type { Letter } from '../final-state.js';
import { GROUPS, TIMES, type Group } from '../setting.js';
import { keyOf, type Facts, type Handling, type SentMessage } from './facts.js';
import type { Findings } from './findings.js';
import { isKept } from './publishing.js';
import { originsOf, show, tell } from './traces.js';

/**
 * Invariants 1 and 2: what was acknowledged reaches every group, and in each it ends: done, or as a dead letter, never
 * neither. Both only when the success came from somebody who had lost the lease.
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

/** A success that counts: a handler that was told to stop before it ended has been given up by then. */
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

/** Group `b` keeps what expires; of group `a` it is gone, and everything that can expire has by the end of a run. */
function mayHaveExpired({ planned }: SentMessage, group: Group): boolean {
  return planned.ttlMs !== undefined && group === 'a';
}

/** A failover may take what not all replicas had; unless the publish waited for all. */
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

/** Whether by the end of this handling somebody else had the message. */
function hasLostLease(facts: Facts, success: Handling, life: readonly Handling[]): boolean {
  if (success.leaseLost === true || success.aborted === 'LeaseLostError') return true;
  const next = life.find(({ attempt }) => attempt > success.attempt);
  const to = next?.at ?? (success.settledAt ?? success.endedAt ?? success.at) + TIMES.leaseMs * 2;
  return facts.interruptions.whyTakenOver(success.pid, { from: success.at, to }) !== undefined;
}
