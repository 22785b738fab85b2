import type { ModuleRef } from '@nestjs/core';

import { WebhookConfigError } from '../webhook-config-error.js';
import {
  WebhookVerificationError,
  createWebhookVerifier,
  schemeTraits,
  type WebhookVerification,
  type VerifierOptions,
  type WebhookVerifier,
} from '../verifying/index.js';
import type { InboundRequest } from './inbound-request.js';
import { isSecretsFactory, type SecretsOfRequest } from './inbound-secrets.js';
import type { VerificationOptions } from './verification-options.js';

/** Verifies the requests of one route. */
export class RequestVerifier {
  private constructor(
    private readonly options: VerificationOptions,
    private readonly verifierFor: (request: InboundRequest) => Promise<WebhookVerifier>,
    /** Headers that say what happened. */
    readonly eventHeaders: readonly string[],
  ) {}

  /**
   * Makes a verifier when the application starts.
   *
   * @throws {ConfigError} for a scheme, a secret or a URL with which no request could be verified
   */
  static async create(
    options: VerificationOptions,
    providers: Pick<ModuleRef, 'get'>,
  ): Promise<RequestVerifier> {
    const { scheme, toleranceMs, explain } = options;
    const fixed: VerifierOptions = {
      scheme,
      ...(toleranceMs === undefined ? {} : { toleranceMs }),
      ...(explain === undefined ? {} : { explain }),
    };
    const { needsUrl, eventHeaders } = schemeTraits(fixed);
    assertUrl(needsUrl, options);
    const secrets = await secretsOf(options, providers);
    if (typeof secrets !== 'function') {
      const verifier = createWebhookVerifier(secrets === undefined ? fixed : { ...fixed, secrets });
      return new RequestVerifier(options, () => Promise.resolve(verifier), eventHeaders);
    }
    const verifierFor = async (request: InboundRequest): Promise<WebhookVerifier> => {
      const given = await secrets(request);
      if (given === undefined || given.length === 0) throw unknownSender();
      return createWebhookVerifier({ ...fixed, secrets: given });
    };
    return new RequestVerifier(options, verifierFor, eventHeaders);
  }

  /** @throws {WebhookVerificationError} unless it is proved */
  async verify(request: InboundRequest): Promise<WebhookVerification> {
    const verifier = await this.verifierFor(request);
    const url = this.urlOf(request);
    return verifier.verify({
      ...{ headers: request.headers, body: request.body },
      ...(url === undefined ? {} : { url }),
    });
  }

  private urlOf(request: InboundRequest): string | undefined {
    const { url } = this.options;
    if (typeof url !== 'string') return url?.(request);
    const query = request.url.indexOf('?');
    return url.includes('?') || query === -1 ? url : url + request.url.slice(query);
  }
}

async function secretsOf(
  { secrets }: VerificationOptions,
  providers: Pick<ModuleRef, 'get'>,
): Promise<string | readonly string[] | SecretsOfRequest | undefined> {
  if (!isSecretsFactory(secrets)) return secrets;
  const { inject = [], useFactory } = secrets;
  const injected = inject.map((token): unknown => providers.get(token as never, { strict: false }));
  return useFactory(...injected);
}

function assertUrl(needsUrl: boolean, { url, scheme }: VerificationOptions): void {
  const isGiven = typeof url === 'function' || (typeof url === 'string' && URL.canParse(url));
  if (isGiven || (!needsUrl && url === undefined)) return;
  throw new WebhookConfigError(
    'WEBHOOK_OPTION_INVALID',
    'url',
    `Option "url" is missing or not a URL: ${typeof scheme === 'string' ? `"${scheme}"` : 'the scheme'} signs the URL that it calls; give the public one, or a function of the request.`,
  );
}

function unknownSender(): WebhookVerificationError {
  return new WebhookVerificationError('signature', 'There is no secret for this request.');
}
