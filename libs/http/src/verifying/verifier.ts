import { ConfigError } from '@leanmq/core';
import { assertKnownOptions } from '@leanmq/core/internal';

import { WebhookConfigError } from '../webhook-config-error.js';
import { isFresh } from './clock.js';
import { explanationOf } from './explanation.js';
import type { HmacScheme } from './hmac-scheme.js';
import type { Claim } from './scheme.js';
import {
  schemeOf,
  type AnyScheme,
  type CustomScheme,
  type SchemeName,
  type WebhookScheme,
} from './schemes.js';
import { WebhookVerificationError } from './verification-error.js';
import {
  readRequest,
  type ReadRequest,
  type WebhookVerification,
  type WebhookRequest,
} from './webhook-request.js';

/** Options of a verifier. */
export interface VerifierOptions {
  readonly scheme: WebhookScheme;
  /** Secrets that are valid now; during a rotation several. Only a custom scheme may do without. */
  readonly secrets?: string | readonly string[];
  /** Longest distance of a request's time from this clock, in both directions, ms. @default as the sender advises: 300_000 */
  readonly toleranceMs?: number;
  /**
   * Explains the most likely cause of a refusal, which costs some hashes.
   * @default true unless NODE_ENV is `production`
   */
  readonly explain?: boolean;
}

/** Needs of a scheme, and what it offers. */
export interface SchemeTraits {
  /** True if requests are verified by their URL too. */
  readonly needsUrl: boolean;
  /** Headers that say what happened. */
  readonly eventHeaders: readonly string[];
}

const NO_TRAITS: SchemeTraits = Object.freeze({ needsUrl: false, eventHeaders: [] });

/** Proves requests of one sender. */
export interface WebhookVerifier<
  Result = WebhookVerification | Promise<WebhookVerification>,
> extends SchemeTraits {
  /**
   * @param now this clock: epoch ms, or a Date
   * @throws {WebhookVerificationError} unless the request is proved
   * @throws {ConfigError} for what is no request, such as a body that was parsed
   */
  verify(request: WebhookRequest & { readonly now?: number | Date }): Result;
}

const NAMES: readonly string[] = [
  'scheme',
  'secrets',
  'toleranceMs',
  'explain',
] satisfies (keyof VerifierOptions)[];

/**
 * Makes a verifier for many requests; see {@link verifyWebhook}.
 *
 * @throws {ConfigError} for a scheme or a secret that is not acceptable
 */
export function createWebhookVerifier(
  options: VerifierOptions & { readonly scheme: SchemeName | HmacScheme },
): WebhookVerifier<WebhookVerification>;
export function createWebhookVerifier(
  options: VerifierOptions & { readonly scheme: CustomScheme },
): WebhookVerifier<Promise<WebhookVerification>>;
export function createWebhookVerifier(options: VerifierOptions): WebhookVerifier;
export function createWebhookVerifier(options: VerifierOptions): WebhookVerifier {
  schemeTraits(options);
  const { scheme, toleranceMs } = options;
  const secrets = listed(options.secrets);
  if (typeof scheme === 'function') return customVerifier(scheme, secrets, toleranceMs);
  const { explain = process.env['NODE_ENV'] !== 'production' } = options;
  return new SchemeVerifier(schemeOf(scheme), secrets, toleranceMs, explain);
}

/**
 * Checks all but the secrets, which may come with each request, and says what the scheme needs. Pure.
 *
 * @throws {ConfigError} for an option that is not acceptable
 */
export function schemeTraits(options: Omit<VerifierOptions, 'secrets'>): SchemeTraits {
  assertKnownOptions('a verifier', options, NAMES, {
    secret: 'give "secrets", a text or a list',
    tolerance: 'give "toleranceMs"',
  });
  const { scheme, toleranceMs } = options;
  assertTolerance(toleranceMs);
  if (typeof scheme === 'function') return NO_TRAITS;
  const { name, needsUrl, eventHeaders, toleranceMs: usual } = schemeOf(scheme);
  if (toleranceMs !== undefined && usual === undefined) {
    throw new ConfigError(
      `Option "toleranceMs" has no effect: "${name}" signs no time. Leave it out.`,
    );
  }
  return { needsUrl, eventHeaders };
}

class SchemeVerifier implements WebhookVerifier<WebhookVerification> {
  readonly needsUrl: boolean;
  readonly eventHeaders: readonly string[];
  private readonly keys: readonly unknown[];
  private readonly toleranceMs: number;
  readonly #secrets: readonly string[];

  constructor(
    private readonly scheme: AnyScheme,
    secrets: readonly string[],
    toleranceMs: number | undefined,
    private readonly explains: boolean,
  ) {
    if (secrets.length === 0) {
      throw new WebhookConfigError(
        'SECRET_INVALID',
        'secrets',
        `There is no secret to verify "${scheme.name}" with; give "secrets".`,
      );
    }
    this.needsUrl = scheme.needsUrl;
    this.eventHeaders = scheme.eventHeaders;
    this.keys = secrets.map((secret, index) => scheme.key(secret, `secrets[${index}]`));
    this.toleranceMs = toleranceMs ?? scheme.toleranceMs ?? Infinity;
    this.#secrets = secrets;
  }

  verify(given: WebhookRequest & { readonly now?: number | Date }): WebhookVerification {
    const now = clockOf(given.now);
    const request = readRequest(given);
    if (this.needsUrl) assertUrl(given.url, this.scheme.name);
    try {
      return this.proved(request, now);
    } catch (error) {
      if (!this.explains || !(error instanceof WebhookVerificationError)) throw error;
      throw this.explained(error, request, now);
    }
  }

  private proved(request: ReadRequest, now: number): WebhookVerification {
    const claim = this.scheme.read(request);
    if (claim.sentAtMs !== undefined) this.assertFresh(claim.sentAtMs, now);
    const secretIndex = fittingKey(claim, this.keys);
    if (secretIndex === -1) {
      throw new WebhookVerificationError('signature', 'The signature does not fit the request.');
    }
    const sentAtMs = claim.sentAtMs ?? claim.bodyTimeMs?.();
    if (claim.bodyTimeMs !== undefined && sentAtMs !== undefined) this.assertFresh(sentAtMs, now);
    const timestamp = sentAtMs === undefined ? undefined : Math.floor(sentAtMs / 1_000);
    return { id: claim.id(), timestamp, secretIndex };
  }

  private assertFresh(sentAtMs: number, now: number): void {
    if (isFresh(sentAtMs, now, this.toleranceMs)) return;
    const side = sentAtMs < now ? 'old' : 'far in the future';
    throw new WebhookVerificationError('timestamp', `The request's time is too ${side}.`);
  }

  private explained(
    error: WebhookVerificationError,
    request: ReadRequest,
    now: number,
  ): WebhookVerificationError {
    const explanation = explanationOf(error.reason, {
      ...{ scheme: this.scheme, keys: this.keys, secrets: this.#secrets },
      ...{ request, now, toleranceMs: this.toleranceMs },
    });
    return new WebhookVerificationError(error.reason, error.message, { explanation, cause: error });
  }
}

/** Every key is tried, so that the time says nothing about which one fits. */
function fittingKey(claim: Claim<unknown>, keys: readonly unknown[]): number {
  let fitting = -1;
  keys.forEach((key, index) => {
    if (claim.proves(key) && fitting === -1) fitting = index;
  });
  return fitting;
}

function customVerifier(
  scheme: CustomScheme,
  secrets: readonly string[],
  toleranceMs: number | undefined,
): WebhookVerifier<Promise<WebhookVerification>> {
  return {
    ...NO_TRAITS,
    async verify({ now: given, ...request }) {
      const now = clockOf(given);
      readRequest(request);
      const proved = await scheme({ ...request, secrets, toleranceMs, now });
      if (typeof proved === 'object') {
        const { id, timestamp, secretIndex } = proved as Partial<WebhookVerification>;
        return { id, timestamp, secretIndex: secretIndex ?? 0 };
      }
      throw new WebhookVerificationError('signature', 'The signature does not fit the request.');
    },
  };
}

function listed(secrets: string | readonly string[] | undefined): readonly string[] {
  if (secrets === undefined) return [];
  if (typeof secrets === 'string') return [secrets];
  if (Array.isArray(secrets)) return [...(secrets as readonly string[])];
  throw new WebhookConfigError(
    'SECRET_INVALID',
    'secrets',
    `"secrets" is of type ${typeof secrets}; give a text or a list of texts.`,
  );
}

function assertTolerance(toleranceMs: number | undefined): void {
  if (toleranceMs === undefined || (typeof toleranceMs === 'number' && toleranceMs > 0)) return;
  throw ConfigError.option('toleranceMs', toleranceMs, 'milliseconds, more than 0, or Infinity');
}

function assertUrl(url: string | undefined, scheme: string): void {
  if (typeof url === 'string' && URL.canParse(url)) return;
  throw new WebhookConfigError(
    'WEBHOOK_OPTION_INVALID',
    'url',
    `"${scheme}" signs the URL that it calls; give it as "url", in full and as the sender knows it.`,
  );
}

/** A clock before 1973 is one in seconds. */
function clockOf(now: number | Date | undefined): number {
  if (now === undefined) return Date.now();
  const ms = now instanceof Date ? now.getTime() : now;
  if (typeof ms === 'number' && ms >= 1e11) return ms;
  throw ConfigError.option('now', now, 'a Date, or milliseconds since 1970');
}
