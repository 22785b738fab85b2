import { ConfigError } from '@leanmq/core';
import { assertKnownOptions } from '@leanmq/core/internal';

import type { WebhookScheme } from '../verifying/index.js';
import type { InboundRequest } from './inbound-request.js';
import type { InboundSecrets } from './inbound-secrets.js';

/** Says how requests of one sender are verified. */
export interface VerificationOptions {
  readonly scheme: WebhookScheme;
  /** Only a custom scheme may do without. */
  readonly secrets?: InboundSecrets;
  /** Longest distance of a request's time from this clock, ms. @default as the sender advises */
  readonly toleranceMs?: number;
  /** Explains refusals in the log. @default true unless NODE_ENV is `production` */
  readonly explain?: boolean;
  /** Public URL as the sender knows it, where that is signed; the query of the request is added if it has none. */
  readonly url?: string | ((request: InboundRequest) => string);
  /** Largest body, bytes; a larger one is answered 413. @default 1_048_576 */
  readonly maxBodyBytes?: number;
}

export const VERIFICATION_NAMES: readonly string[] = [
  'scheme',
  'secrets',
  'toleranceMs',
  'explain',
  'url',
  'maxBodyBytes',
] satisfies (keyof VerificationOptions)[];

/** Providers' bodies are rarely larger; GitHub's may be, and its limit is 25 MB. */
export const MAX_BODY_BYTES = 1_048_576;

const HINTS = Object.freeze({
  secret: 'give "secrets", a text, a list or a function',
  provider: 'give "scheme"',
  rawBody: 'it is kept without an option',
});

/** @throws {ConfigError} that names the option */
export function assertVerificationOptions(
  owner: string,
  options: VerificationOptions,
  more: readonly string[],
): void {
  assertKnownOptions(owner, options, [...VERIFICATION_NAMES, ...more], HINTS);
  const { maxBodyBytes = MAX_BODY_BYTES } = options;
  wholeOption('maxBodyBytes', maxBodyBytes, 1);
}

/** @throws {ConfigError} unless it is a whole number that is not less */
export function wholeOption(name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw ConfigError.option(name, value, `a whole number, ${least} or more`);
}
