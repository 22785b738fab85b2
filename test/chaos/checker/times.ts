import { TIMES } from '../setting.js';
import type { Facts, Handling, SentMessage } from './facts.js';
import type { Findings } from './findings.js';
import { show, tell } from './traces.js';

// Redis and the processes round the same clock separately, and a line is written a moment after the call.
const ROUNDING_MS = 5;

/**
 * Invariant 6: nothing is delivered before it is due, or after it has expired. Both are instants of the server's clock, so
 * the check skips times in which that clock was wrong.
 */
export function checkTimes(facts: Facts, findings: Findings): void {
  for (const list of facts.handlings.values()) {
    for (const handling of list) {
      const message = facts.messages.get(handling.n);
      if (message === undefined) continue;
      const { delayMs, ttlMs } = message.planned;
      if ((handling.expiresAt === undefined) !== (ttlMs === undefined)) {
        findings.violate('wrongExpiry', `${handling.expiresAt ?? 'never'}: ${show(message)}`);
      }
      if (delayMs === undefined && ttlMs === undefined) continue;
      if (isClockWrong(facts, message, handling)) {
        findings.except('dueOrExpiredByAWrongClock');
        continue;
      }
      checkDue(findings, message, handling);
      checkExpiry(facts, findings, message, handling);
    }
  }
}

function isClockWrong(
  { interruptions }: Facts,
  { invokedAt, okAt = invokedAt }: SentMessage,
  { at, replays }: Handling,
): boolean {
  // A replay counts the time to live from the publish time in the entry's id.
  if (replays > 0 && interruptions.areIdsAhead(okAt)) return true;
  // A consumer learns the server's time from its heartbeats.
  return interruptions.isClockWrong({ from: invokedAt - TIMES.leaseMs / 2, to: at });
}

function checkDue(findings: Findings, message: SentMessage, handling: Handling): void {
  const { delayMs } = message.planned;
  if (delayMs === undefined) return;
  const earlyMs = message.invokedAt + delayMs - handling.at;
  if (earlyMs > ROUNDING_MS) findings.violate('early', `${earlyMs} ms: ${show(message)}`);
}

function checkExpiry(
  { interruptions }: Facts,
  findings: Findings,
  message: SentMessage,
  handling: Handling,
): void {
  const { expiresAt, at, pid } = handling;
  const { ttlMs, delayMs = 0 } = message.planned;
  if (expiresAt === undefined || ttlMs === undefined) return;
  const soonest = message.invokedAt + delayMs + ttlMs;
  if (expiresAt < soonest - ROUNDING_MS) {
    findings.violate('wrongExpiry', `${soonest - expiresAt} ms too soon: ${show(message)}`);
  }
  const lateMs = at - expiresAt;
  if (lateMs <= ROUNDING_MS) return;
  // The process froze between its check of the clock and the call of the handler.
  if (interruptions.frozenMs(pid, { from: expiresAt - ROUNDING_MS, to: at }) >= lateMs * 0.8) {
    findings.except('frozenOverExpiry');
  } else {
    findings.violate('afterExpiry', `${lateMs} ms: ${show(message)} ${tell([handling])}`);
  }
}
