import { cronRule } from './cron.js';
import { everyRule } from './every.js';
import type { Rule, RuleSpec } from './rule.js';

/**
 * @param id of the recurring send; `H` in a cron expression stands for a value derived from it
 * @throws {ConfigError} if the rule is not valid
 */
export async function ruleOf(spec: RuleSpec, id: string): Promise<Rule> {
  return 'everyMs' in spec ? everyRule(spec.everyMs) : cronRule(spec.cron, spec.timezone, id);
}
