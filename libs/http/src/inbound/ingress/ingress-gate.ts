import { type LeanMQ, printable } from '@leanmq/core';
import { HttpException, HttpStatus, Logger } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';

import { WebhookVerificationError, type WebhookVerification } from '../../verifying/index.js';
import { inboundRequest, type InboundRequest } from '../inbound-request.js';
import { bodyKindOf, parsedBody } from '../parsed-body.js';
import { RefusalLog } from '../refusal-log.js';
import { refusalResponse } from '../refusal-response.js';
import { RequestVerifier } from '../request-verifier.js';
import type { CheckedIngress } from './ingress-options.js';
import { publishWebhook } from './ingress-publication.js';
import { RateWindow } from './rate-window.js';

/** Answer to a webhook. */
export interface IngressAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

const UNAVAILABLE_RETRY_S = 5;

/** Takes webhooks of one path into their queue. */
export class IngressGate {
  private readonly logger = new Logger('LeanMQ');
  private readonly refusals: RefusalLog;
  private readonly rate: RateWindow | undefined;

  private constructor(
    private readonly ingress: CheckedIngress,
    private readonly verifier: RequestVerifier,
    private readonly mq: LeanMQ,
  ) {
    this.refusals = new RefusalLog(`WebhookIngress "${ingress.path}"`);
    if (ingress.rateLimit !== undefined) this.rate = new RateWindow(ingress.rateLimit);
  }

  /** @throws {ConfigError} for a scheme or a secret that is not acceptable */
  static async create(
    ingress: CheckedIngress,
    providers: Pick<ModuleRef, 'get'>,
    mq: LeanMQ,
  ): Promise<IngressGate> {
    return new IngressGate(ingress, await RequestVerifier.create(ingress, providers), mq);
  }

  /**
   * Verifies a request and publishes it.
   *
   * @throws {HttpException} for one that is not taken
   */
  async take(original: unknown): Promise<IngressAnswer> {
    const request = inboundRequest(original);
    this.assertContentType(request);
    const proof = await this.proved(request);
    const type = request.headers['content-type'];
    const parsed = parsedBody(type, request.body);
    const data = Buffer.isBuffer(parsed) ? parsed.toString() : parsed;
    const challenge = this.challengeOf(data);
    if (challenge !== undefined) return { status: 200, body: { challenge } };
    const waitMs = this.rate?.take() ?? 0;
    if (waitMs > 0) return later(429, Math.ceil(waitMs / 1_000));
    return this.published(request, proof, data);
  }

  private async published(
    request: InboundRequest,
    proof: WebhookVerification,
    data: unknown,
  ): Promise<IngressAnswer> {
    const webhook = { ...request, ...proof, data };
    const { eventHeaders } = this.verifier;
    const publication = await publishWebhook(this.mq, this.ingress, webhook, eventHeaders);
    if (publication.outcome === 'refused') {
      const { status, error } = publication;
      this.logger.warn(printable(`WebhookIngress "${this.ingress.path}": ${error.message}`));
      if (status === 503) return later(status, UNAVAILABLE_RETRY_S);
      throw new HttpException(error.message, status, { cause: error });
    }
    return this.answer(publication);
  }

  /** Slack shows a body to a person, and Twilio reads it as instructions. */
  private answer(publication: { readonly outcome: string; readonly id?: string }): IngressAnswer {
    const { scheme } = this.ingress;
    if (scheme === 'twilio') return { status: 204 };
    if (scheme === 'slack') return { status: 202 };
    return { status: 202, body: publication };
  }

  private async proved(request: InboundRequest): Promise<WebhookVerification> {
    try {
      return await this.verifier.verify(request);
    } catch (error) {
      if (!(error instanceof WebhookVerificationError)) throw error;
      this.refusals.add(error);
      throw refusalResponse(error);
    }
  }

  private assertContentType({ headers, body }: InboundRequest): void {
    const { contentTypes = [] } = this.ingress;
    const kind = bodyKindOf(headers['content-type'], body);
    if (kind === 'json' || kind === 'form' || kind === 'empty') return;
    const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase();
    if (contentTypes.some((each) => each === '*' || each.toLowerCase() === type)) return;
    throw new HttpException(
      'The content type is neither JSON nor a form.',
      HttpStatus.UNSUPPORTED_MEDIA_TYPE,
    );
  }

  /** Slack asks once whether the path is there. */
  private challengeOf(data: unknown): unknown {
    if (this.ingress.scheme !== 'slack') return undefined;
    const { type, challenge } = Object(data) as { type?: unknown; challenge?: unknown };
    return type === 'url_verification' && typeof challenge === 'string' ? challenge : undefined;
  }
}

function later(status: 429 | 503, seconds: number): IngressAnswer {
  const body = { statusCode: status, message: 'Try again later.' };
  return { status, headers: { 'retry-after': String(seconds) }, body };
}
