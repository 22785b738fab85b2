import { checkFacts, type Facts } from './index.js';
import { Scenario } from './scenario.js';

/** Runs the checker on a scenario, and returns the names of the violations and of the allowed exceptions. */
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

/** Returns a scenario with one message that both groups handled. */
export const healthy = (): Scenario => new Scenario().sent(1).stored(1, '1005-0').done(1);
