import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

import type { WebhookVerification, WebhookVerificationError } from '../verifying/index.js';

/** A request that a receiver got. */
export class ReceivedWebhook {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** When it had come, epoch ms. */
  readonly receivedAt = Date.now();

  constructor(
    request: IncomingMessage,
    /** The body as it came. */
    readonly body: Buffer,
    /** Proof of its sender; undefined if it was not proved, or not verified at all. */
    readonly verification: WebhookVerification | undefined,
    /** Why it was refused. */
    readonly refusal: WebhookVerificationError | undefined,
  ) {
    this.method = request.method ?? '';
    this.path = request.url ?? '';
    this.headers = request.headers;
  }

  get text(): string {
    return this.body.toString();
  }

  /** @throws {SyntaxError} if the body is not JSON */
  json(): unknown {
    return JSON.parse(this.text);
  }
}
