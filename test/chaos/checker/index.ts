import type { Evidence } from '../run.js';
import { checkBounds } from './bounds.js';
import { checkDead } from './dead.js';
import { checkEnds } from './ends.js';
import { checkContexts } from './contexts.js';
import { gatherFacts, type Facts } from './facts.js';
import { Findings } from './findings.js';
import { checkForeign } from './foreign.js';
import { checkHeldUp } from './held-up.js';
import { checkOnce } from './once.js';
import { checkPublishing } from './publishing.js';
import { checkRedeliveries } from './redeliveries.js';
import { checkRest } from './rest.js';
import { checkTimes } from './times.js';

export { Findings } from './findings.js';
export { recoveriesOf } from './recovery.js';
export { gatherFacts, type Facts } from './facts.js';

const PARTS = [
  ...[checkPublishing, checkEnds, checkDead, checkRedeliveries, checkTimes],
  ...[checkOnce, checkRest, checkBounds, checkForeign, checkContexts, checkHeldUp],
];

/** Holds the invariants against what a run has left behind. Pure. */
export function check(evidence: Evidence): Findings {
  return checkFacts(gatherFacts(evidence));
}

export function checkFacts(facts: Facts): Findings {
  const findings = new Findings();
  for (const part of PARTS) part(facts, findings);
  return findings;
}
