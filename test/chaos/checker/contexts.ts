import type { Facts } from './facts.js';
import type { Findings } from './findings.js';

/** Invariant 14: a handler sees its own message, whole, and no context of another one. */
export function checkContexts({ evidence }: Facts, findings: Findings): void {
  for (const lines of evidence.histories.values()) {
    for (const line of lines) {
      if (line.e === 'damaged') findings.violate('damaged', `message ${line.n}`);
      if (line.e === 'leak')
        findings.violate('contextLeaked', `of message ${line.from} into ${line.into}`);
    }
  }
}
