import type { Letter } from '../final-state.js';
import { ATTEMPTS, TIMES } from '../setting.js';
import { keyOf, type Facts, type Handling, type SentMessage } from './facts.js';
import type { Findings } from './findings.js';
import { show, tell } from './traces.js';

/**
 * While a suspect runs alone, nothing else begins; see quarantine.ts. What is left of the second that this lasts when the
 * suspect begins may be little.
 */
const ALONE_MS = 100;

/** Invariant 4: a message dies of what it died of: of its failures after exactly its attempts, as poison only a killer. */
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

/** Somebody was blamed. When it was run alone before, and its success was undone, nobody could know better. */
function checkInnocent(
  facts: Facts,
  findings: Findings,
  life: readonly Handling[],
  told: string,
): void {
  const { handlings, interruptions } = facts;
  const last = life.at(-1);
  if (last === undefined) return findings.violate('innocentPoison', told);
  const interval = { from: last.at, to: last.endedAt ?? last.at + TIMES.leaseMs };
  if (interruptions.isRolledBack(interval)) return findings.except('poisonAfterFailover');
  if (isJoined(facts, last)) return findings.except('poisonJoinedByOthers');
  const others = [...handlings.values()].flat().filter(({ pid, at, endedAt = Infinity }) => {
    return pid === last.pid && at <= interval.to && endedAt >= interval.from;
  });
  findings.violate('innocentPoison', `beside ${others.length - 1} others, ${told}`);
}

/** What takes longer than its process stops everything else for is joined by others, and they may be the killers. */
function isJoined({ handlings, interruptions }: Facts, { pid, at }: Handling): boolean {
  const diedAt = interruptions.diedAt(pid) ?? at;
  const began = [...handlings.values()]
    .flat()
    .filter((other) => other.pid === pid && other.at > at && other.at <= diedAt);
  return began.length > 0 && began.every((other) => other.at > at + ALONE_MS);
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

/** A failure that counts: it threw, or it was told to stop because its time was over. */
export function isFailure({ how, aborted }: Handling): boolean {
  return aborted === undefined || aborted === 'LeaseLostError'
    ? how === 'failed'
    : aborted === 'HandlerTimeoutError';
}
