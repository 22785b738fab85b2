import { ConfigError } from '@leanmq/core';
import {
  Inject,
  Injectable,
  Optional,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';

import { WebhookVerificationError } from '../verifying/index.js';
import { VerifiedRoutes } from './verified-routes.js';
import { inboundRequest } from './inbound-request.js';
import { parsedBody } from './parsed-body.js';
import { keepProvedWebhook } from './proved-webhooks.js';
import { refusalResponse } from './refusal-response.js';

/** Lets a request pass when it was verified, and parses its body then. */
@Injectable()
export class VerifiedWebhookGuard implements CanActivate {
  private readonly routes: VerifiedRoutes;

  /** @throws {ConfigError} without its module: the application does not start */
  constructor(@Optional() @Inject(VerifiedRoutes) routes: VerifiedRoutes | undefined) {
    if (routes === undefined) {
      throw new ConfigError(
        '@VerifiedWebhook needs InboundWebhooksModule; import it once, in the root module.',
      );
    }
    this.routes = routes;
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const route = this.routes.of(context.getHandler());
    const original = context.switchToHttp().getRequest<{ body?: unknown; rawBody?: Buffer }>();
    const request = inboundRequest(original);
    try {
      keepProvedWebhook(original, await route.verifier.verify(request));
    } catch (error) {
      if (!(error instanceof WebhookVerificationError)) throw error;
      route.refusals.add(error);
      throw refusalResponse(error);
    }
    // Where Nest puts it with its own option of that name.
    original.rawBody = request.body;
    original.body = parsedBody(request.headers['content-type'], request.body);
    return true;
  }
}
