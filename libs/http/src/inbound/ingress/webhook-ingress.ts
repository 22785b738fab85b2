import { Module, type DynamicModule } from '@nestjs/common';

import { InboundWebhooksModule } from '../inbound-webhooks.module.js';
import { ingressController } from './ingress-controller.js';
import { checkedIngress, type IngressRoute } from './ingress-options.js';

/**
 * Takes webhooks of other senders into queues: verifies each, publishes it under its sender's id, and answers 202 when
 * Redis has it. Needs `LeanMQModule`.
 *
 * @example
 * ```ts
 * WebhookIngress.forRoot([
 *   { path: '/webhooks/stripe', scheme: 'stripe', secrets: process.env.STRIPE_SECRET, route: '/stripe/event' },
 * ]);
 * ```
 */
@Module({})
export class WebhookIngress {
  /** @throws {ConfigError} for a route that is not acceptable; for its secrets when the application starts */
  static forRoot(routes: readonly IngressRoute[]): DynamicModule {
    return {
      module: WebhookIngress,
      imports: [InboundWebhooksModule],
      controllers: checkedIngress(routes).map(ingressController),
    };
  }
}
