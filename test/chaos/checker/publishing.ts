import { KEPT } from '../setting.js';
import type { Facts, SentMessage } from './facts.js';
import type { Findings } from './findings.js';
import { originsOf, show } from './traces.js';

/**
 * Invariants 1 and 3: an acknowledged message is stored once, one with an unknown outcome at most once, and nothing else is
 * stored. Invariant 7: a transaction is stored as a whole or not at all.
 */
export function checkPublishing(facts: Facts, findings: Findings): void {
  for (const message of facts.messages.values()) {
    const origins = originsOf(facts, message.n);
    findings.count(
      message.status === 'ok'
        ? 'acknowledged'
        : message.status === 'unknown'
          ? 'unknown'
          : 'notSent',
    );
    if (origins.size > 1) checkOrigins(facts, findings, message, [...origins]);
    if (message.status === 'unknown' && origins.size > 0) findings.count('recovered');
    if (message.status === 'not-sent' && origins.size > 0) {
      findings.violate('notSentButStored', show(message));
    }
  }
  checkStrangers(facts, findings);
  checkTransactions(facts, findings);
}

/** Returns true when a failover explains the copies: it undid a batch that was partly handled, and the batch was sent again. */
function checkOrigins(
  { entries, interruptions }: Facts,
  findings: Findings,
  message: SentMessage,
  origins: readonly string[],
): void {
  findings.count('doubleEntries', origins.length - 1);
  const atEnd = new Set(entries.get(message.n)?.map(({ entryId }) => entryId));
  const standing = origins.filter(
    (origin) => atEnd.has(origin) || !interruptions.mayBeUndone(Number(origin.split('-')[0])),
  );
  if (standing.length <= 1) findings.except('storedAgainAfterFailover');
  else findings.violate('storedTwice', `${show(message)} entries ${origins.join(' ')}`);
}

function checkStrangers(facts: Facts, findings: Findings): void {
  const seen = new Set([...facts.entries.keys()]);
  for (const [handling] of facts.handlings.values())
    if (handling !== undefined) seen.add(handling.n);
  for (const n of seen) {
    if (!facts.messages.has(n)) findings.violate('unexpected', `message ${n} was never sent`);
  }
  for (const stranger of facts.strangers) findings.violate('unexpected', stranger);
}

/** Checks each transaction. Its logs keep everything, which tells a torn transaction from one that a failover undid. */
function checkTransactions(facts: Facts, findings: Findings): void {
  const seen = new Set<number>();
  for (const { operation } of facts.messages.values()) {
    const { index, sends } = operation;
    if (sends.length < 2 || seen.has(index)) continue;
    seen.add(index);
    const there = sends.filter(({ task }) => facts.entries.has(task.n));
    if (there.length === 0 || there.length === sends.length) continue;
    findings.violate('tornTransaction', `operation ${index}: ${there.length} of ${sends.length}`);
  }
}

/** Returns true when the message's log keeps every entry. */
export function isKept({ planned }: SentMessage): boolean {
  return (KEPT as readonly string[]).includes(planned.path);
}
