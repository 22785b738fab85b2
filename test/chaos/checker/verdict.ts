import { checkFacts, type Facts } from './index.js';
import { Scenario } from './scenario.js';

/** What the checker says of a scenario: names of the violations, and of what was let pass. */
export function verdict({ facts }: { readonly facts: Facts }): {
  violations: string[];
  let: string[];
} {
  const { violations, exceptions } = checkFacts(facts);
  return { violations: [...violations.keys()], let: [...exceptions.keys()] };
}

export function violationsOf(scenario: Scenario): string[] {
  return verdict(scenario).violations;
}

/** One message, handled by both groups. */
export const healthy = (): Scenario => new Scenario().sent(1).stored(1, '1005-0').done(1);
