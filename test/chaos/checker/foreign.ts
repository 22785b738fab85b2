import { GROUPS } from '../setting.js';
import type { Facts } from './facts.js';
import type { Findings } from './findings.js';

/** Invariant 13: an entry of a foreign tool ends as one dead letter in each group, and no handler sees it. */
export function checkForeign({ evidence, foreignLetters }: Facts, findings: Findings): void {
  for (const { foreign } of evidence.storm.records) {
    if (foreign === undefined) continue;
    findings.count('foreignEntries');
    for (const group of GROUPS) {
      const letters = foreignLetters.filter(
        (letter) =>
          letter.path === foreign.path &&
          letter.origin === foreign.entryId &&
          letter.group === group,
      );
      const told = `${foreign.shape}, ${foreign.path} ${foreign.entryId}, group ${group}`;
      if (letters.length === 0) findings.violate('foreignNotBuried', told);
      if (letters.length > 1) findings.violate('foreignBuriedTwice', `${letters.length}: ${told}`);
      const other = letters.find(({ reason }) => reason !== 'undecodable');
      if (other !== undefined) findings.violate('foreignDiedOfElse', `${other.reason}: ${told}`);
    }
  }
}
