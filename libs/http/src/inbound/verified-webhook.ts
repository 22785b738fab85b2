import { ConfigError } from '@leanmq/core';
import {
  UseGuards,
  UseInterceptors,
  createParamDecorator,
  type ExecutionContext,
} from '@nestjs/common';

import { noteDeclared } from './declared-webhooks.js';
import { dedupeOptions } from './dedupe-options.js';
import { DedupeInterceptor } from './dedupe.interceptor.js';
import { provedWebhookOf } from './proved-webhooks.js';
import { markRawBody } from './raw-body/index.js';
import { MAX_BODY_BYTES, assertVerificationOptions } from './verification-options.js';
import { setVerifiedWebhook, type VerifiedWebhookOptions } from './verified-webhook-options.js';
import { VerifiedWebhookGuard } from './verified-webhook.guard.js';

/**
 * Verifies each request to a method of a controller before it runs: its raw body, signature and time. Only then is the
 * body parsed. A request that is not proved is answered 401, or 400 if it is malformed. Needs `InboundWebhooksModule`.
 *
 * @throws {ConfigError} for an option that is not acceptable; for a secret when the application starts
 * @example
 * ```ts
 * @Post('stripe')
 * @VerifiedWebhook({ scheme: 'stripe', secrets: process.env.STRIPE_SECRET })
 * onStripe(@Body() event: StripeEvent, @Verified() { id }: WebhookVerification) {}
 * ```
 */
export function VerifiedWebhook(options: VerifiedWebhookOptions): MethodDecorator {
  assertVerificationOptions('@VerifiedWebhook', options, ['dedupe']);
  dedupeOptions(options.dedupe);
  return (target, name, descriptor) => {
    const method: unknown = (Object(descriptor) as PropertyDescriptor).value;
    if (typeof method !== 'function' || typeof name !== 'string') {
      throw new ConfigError(
        '@VerifiedWebhook is not on a method; put it on the method of a controller.',
        { code: 'DECORATOR_MISPLACED' },
      );
    }
    setVerifiedWebhook(method, options);
    markRawBody(method, { maxBytes: options.maxBodyBytes ?? MAX_BODY_BYTES });
    UseGuards(VerifiedWebhookGuard)(target, name, descriptor);
    UseInterceptors(DedupeInterceptor)(target, name, descriptor);
    noteDeclared(target, name, method);
  };
}

/** Parameter of a method with `@VerifiedWebhook`: its id, time and the place of its secret. */
export const Verified = createParamDecorator((_: unknown, context: ExecutionContext) =>
  provedWebhookOf(context.switchToHttp().getRequest()),
);
