import { TIMES } from '../setting.js';
import type { Facts } from './facts.js';
import type { Findings } from './findings.js';
import { recoveriesOf } from './recovery.js';

// A busy machine fires timers late.
const SLACK_MS = 1_000;
const RECOVERY_MS = 30_000;

/** Invariant 11: every promise settles by its deadline, and after each fault work flows again. */
export function checkBounds(facts: Facts, findings: Findings): void {
  const { interruptions, evidence } = facts;
  for (const turn of [...facts.operations.values()].flat()) {
    findings.count('publishes');
    const { op, pid, invokedAt, endedAt, how } = turn;
    const told = `operation ${op} of pid ${pid}, invoked at ${invokedAt}`;
    if (endedAt === undefined) {
      if (interruptions.diedAt(pid) === undefined) findings.violate('neverSettled', told);
      continue;
    }
    const frozenMs = interruptions.frozenMs(pid, { from: invokedAt, to: endedAt });
    if (endedAt - invokedAt > TIMES.publishTimeoutMs + SLACK_MS + frozenMs) {
      findings.violate('settledLate', `${told}: ${how ?? ''} after ${endedAt - invokedAt} ms`);
    }
  }
  for (const { kind, ms } of recoveriesOf(facts)) {
    if (ms === undefined || ms > RECOVERY_MS) {
      findings.violate('noRecovery', `after ${kind}: ${ms ?? 'never'} ms`);
    }
  }
  if (evidence.storm.records.length === 0) return;
}
