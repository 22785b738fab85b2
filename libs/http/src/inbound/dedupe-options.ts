import { ConfigError } from '@leanmq/core';
import { assertKnownOptions } from '@leanmq/core/internal';

import { wholeOption } from './verification-options.js';

/** Says for how long an id is remembered. */
export interface DedupeOptions {
  /** Time that an id is remembered after its handler has succeeded, ms. @default 259_200_000, three days */
  readonly windowMs?: number;
  /** Time until an id is free again when its process dies, ms; renewed while the handler runs. @default 30_000 */
  readonly leaseMs?: number;
}

export const DEDUPE_DEFAULTS: Required<DedupeOptions> = Object.freeze({
  // Stripe and GitHub send again for as long.
  windowMs: 3 * 24 * 3_600_000,
  leaseMs: 30_000,
});

/** @returns undefined when nothing is to be deduplicated */
export function dedupeOptions(
  given: boolean | DedupeOptions = true,
): Required<DedupeOptions> | undefined {
  if (given === false) return undefined;
  if (given === true) return DEDUPE_DEFAULTS;
  if (typeof given !== 'object')
    throw ConfigError.option('dedupe', given, 'true, false or options');
  assertKnownOptions('"dedupe"', given, Object.keys(DEDUPE_DEFAULTS), { ttlMs: 'give "windowMs"' });
  const { windowMs = DEDUPE_DEFAULTS.windowMs, leaseMs = DEDUPE_DEFAULTS.leaseMs } = given;
  wholeOption('windowMs', windowMs, 1);
  wholeOption('leaseMs', leaseMs, 100);
  return { windowMs, leaseMs };
}
