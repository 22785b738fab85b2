import { show } from '@leanmq/core/internal';

import { WebhookConfigError } from '../webhook-config-error.js';
import { gitlab } from './gitlab-scheme.js';
import type { HmacScheme } from './hmac-scheme.js';
import { github, linear, paddle, shopify, slack, square, stripe } from './provider-schemes.js';
import type { Scheme } from './scheme.js';
import { standard, svix } from './standard-scheme.js';
import { twilio } from './twilio-scheme.js';
import type { WebhookVerification, WebhookRequest } from './webhook-request.js';

/** Senders whose way of signing is known. */
export const SCHEME_NAMES = [
  'standard',
  'svix',
  'stripe',
  'github',
  'gitlab',
  'slack',
  'shopify',
  'twilio',
  'square',
  'paddle',
  'linear',
] as const;
export type SchemeName = (typeof SCHEME_NAMES)[number];

/** Request that a custom scheme gets, with the options of the verifier. */
export interface CustomSchemeRequest extends WebhookRequest {
  readonly secrets: readonly string[];
  readonly toleranceMs: number | undefined;
  /** This clock, epoch ms. */
  readonly now: number;
}

/**
 * Proves a request in a custom way. It throws `WebhookVerificationError` for a request that is not proved, or returns
 * `undefined`.
 */
export type CustomScheme = (
  request: CustomSchemeRequest,
) => WebhookVerification | undefined | Promise<WebhookVerification | undefined>;

export type WebhookScheme = SchemeName | HmacScheme | CustomScheme;

/** Each has keys of its own kind, which it makes itself. */
export type AnyScheme = Scheme<unknown>;

const SCHEMES: Readonly<Record<SchemeName, AnyScheme>> = Object.freeze({
  standard,
  svix,
  stripe,
  github,
  gitlab,
  slack,
  shopify,
  twilio,
  square,
  paddle,
  linear,
});

/** Every known scheme, to recognize a request that was made for another one. */
export const knownSchemes: readonly AnyScheme[] = Object.values(SCHEMES);

/** @throws {WebhookConfigError} SCHEME_INVALID; names what is known */
export function schemeOf(scheme: SchemeName | HmacScheme): AnyScheme {
  if (typeof scheme === 'string' && Object.hasOwn(SCHEMES, scheme)) return SCHEMES[scheme];
  if (isMadeByHmac(scheme)) return scheme as unknown as AnyScheme;
  throw new WebhookConfigError(
    'SCHEME_INVALID',
    'scheme',
    `Scheme ${show(scheme)} is not known; allowed: ${SCHEME_NAMES.map((name) => `"${name}"`).join(', ')}, hmac({ … }) or a function.`,
  );
}

function isMadeByHmac(scheme: unknown): boolean {
  const { name, read } = Object(scheme) as Partial<AnyScheme>;
  return name === 'hmac' && typeof read === 'function';
}
