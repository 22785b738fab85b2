import type { Letter } from '../final-state.js';
import { ATTEMPTS, TIMES } from '../setting.js';
import { keyOf, type Facts, type Handling, type SentMessage } from './facts.js';
import type { Findings } from './findings.js';
import { show, tell } from './traces.js';

/**
 * Least time for which a suspect that begins alone stays alone. A session in quarantine.ts lasts a second, and a suspect may
 * begin near its end.
 */
const ALONE_MS = 100;
/** Longest time from the warning until the suspects of that session have begun. */
const WARNED_MS = 1_500;

/** Invariant 4: a message is dead-lettered as failed after exactly its attempts, and as poison only if it kills. */
export function checkDead(facts: Facts, findings: Findings): void {
  for (const letters of facts.letters.values()) {
    for (const letter of letters) {
      const message = facts.messages.get(letter.n as number);
      if (message !== undefined) checkLetter(facts, findings, letter, message);
    }
    checkSingle(facts, findings, letters);
  }
}

function checkLetter(facts: Facts, findings: Findings, letter: Letter, message: SentMessage): void {
  const { group, reason } = letter;
  findings.count(`dead ${reason}`);
  const handlings = facts.handlings.get(keyOf(message.n, group)) ?? [];
  const life = handlings.filter(({ replays }) => replays === letter.replays);
  const told = `${show(message)} in group ${group}, attempts ${letter.attempts}, crashes ${letter.crashes}: ${tell(life)}`;
  const act = message.planned.task.acts[group];
  switch (reason) {
    case 'failed':
      return checkFailed(facts, findings, letter, life, told);
    case 'poison':
      if (act.do !== 'die') checkInnocent(facts, findings, life, told);
      return;
    case 'expired':
      if (message.planned.ttlMs === undefined) findings.violate('expiredWithoutTtl', told);
      return;
    default:
      findings.violate('deadForNoReason', `${reason}: ${told}`);
  }
}

/**
 * Checks a message that was blamed for crashes it did not cause. That is allowed when a failover undid its success, and where
 * docs/guarantees.md says that a suspect does not run alone.
 */
function checkInnocent(
  facts: Facts,
  findings: Findings,
  life: readonly Handling[],
  told: string,
): void {
  const last = life.at(-1);
  if (last === undefined) return findings.violate('innocentPoison', told);
  const { pid, at } = last;
  const interval = { from: at, to: last.endedAt ?? at + TIMES.leaseMs };
  if (facts.interruptions.isRolledBack(interval)) return findings.except('poisonAfterFailover');
  if (wasWarned(facts, last)) return findings.except('poisonBesideOthers');
  const others = handlingsOf(facts, pid).filter((each) => each !== last);
  const before = others.filter((each) => each.at <= at && (each.endedAt ?? Infinity) > at);
  const diedAt = facts.interruptions.diedAt(pid) ?? at;
  const later = others.filter((each) => each.at > at && each.at <= diedAt);
  const isJoined = later.length > 0 && later.every((each) => each.at > at + ALONE_MS);
  if (before.length === 0 && isJoined) return findings.except('poisonJoinedByOthers');
  findings.violate(
    'innocentPoison',
    `beside ${before.length} others, joined by ${later.length}, ${told}`,
  );
}

function handlingsOf({ handlings }: Facts, pid: number): Handling[] {
  return [...handlings.values()].flat().filter((each) => each.pid === pid);
}

/** Returns true when its process warned, just before it began, that suspects run beside other handlers. */
function wasWarned({ evidence }: Facts, { pid, at }: Handling): boolean {
  for (const lines of evidence.histories.values()) {
    let writer = 0;
    for (const line of lines) {
      if (line.e === 'start') writer = line.pid;
      if (line.e !== 'complaint' || writer !== pid) continue;
      const isNear = line.at <= at && line.at >= at - WARNED_MS;
      if (isNear && line.text.startsWith('SUSPECT_NOT_ALONE')) return true;
    }
  }
  return false;
}

function checkFailed(
  { interruptions }: Facts,
  findings: Findings,
  letter: Letter,
  life: readonly Handling[],
  told: string,
): void {
  const failures = life.filter(isFailure).length;
  if (letter.attempts !== ATTEMPTS) findings.violate('attemptsNotUsedUp', told);
  else if (failures === 0) findings.violate('deadWithoutFailure', told);
  // A crash uses an attempt up as well; without one only failures do.
  else if (failures + letter.crashes < ATTEMPTS || (letter.crashes === 0 && failures > ATTEMPTS)) {
    const interval = { from: life[0]?.at ?? 0, to: life.at(-1)?.at ?? 0 };
    if (interruptions.isRolledBack(interval)) findings.except('failedAgainAfterFailover');
    else findings.violate('attemptsMiscounted', told);
  }
}

function checkSingle(facts: Facts, findings: Findings, letters: readonly Letter[]): void {
  if (letters.length < 2) return;
  const [{ n, group, path }] = letters as readonly [Letter];
  if (facts.interruptions.hasFailovers) return findings.except('buriedAgainAfterFailover');
  findings.violate('buriedTwice', `message ${n} on ${path}, ${letters.length} times in ${group}`);
}

/** Returns true for a failure that counts: the handler threw, or exceeded its timeout. */
export function isFailure({ how, aborted }: Handling): boolean {
  return aborted === undefined || aborted === 'LeaseLostError'
    ? how === 'failed'
    : aborted === 'HandlerTimeoutError';
}
