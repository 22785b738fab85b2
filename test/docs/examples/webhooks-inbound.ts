import { timingSafeEqual } from 'node:crypto';

import {
  InboundWebhooksModule,
  Verified,
  VerifiedWebhook,
  WebhookIngress,
  WebhookReceiver,
  WebhookVerificationError,
  verifyWebhook,
  type CustomScheme,
  type WebhookVerification,
} from '@leanmq/http';
import { LeanMQModule, OnWebhook, Payload, WebhookController } from '@leanmq/nestjs';
import { Body, Controller, HttpCode, Module, Post } from '@nestjs/common';

export const handled: string[] = [];

@Controller('webhooks')
export class StripeController {
  @Post('stripe')
  @HttpCode(200)
  @VerifiedWebhook({ scheme: 'stripe', secrets: process.env['STRIPE_SECRET'] ?? '' })
  onEvent(@Body() event: { type: string }, @Verified() { id }: WebhookVerification) {
    handled.push(`${id} ${event.type}`);
  }
}

@WebhookController('/shop')
export class ShopHandlers {
  @OnWebhook('/order/')
  onOrder(@Payload() order: { id: number }) {
    handled.push(`order ${order.id}`);
  }
}

/** Trusts whoever has the token that the caller sends already. */
const internal: CustomScheme = ({ headers, secrets }) => {
  const { authorization = '', 'idempotency-key': id } = headers as Record<string, string>;
  const given = Buffer.from(authorization);
  const right = Buffer.from(`Bearer ${secrets[0] ?? ''}`);
  if (given.length !== right.length || !timingSafeEqual(given, right)) {
    throw new WebhookVerificationError('signature', 'The token is wrong.');
  }
  return { id, timestamp: undefined, secretIndex: 0 };
};

@Module({
  imports: [
    LeanMQModule.forRoot({
      redis: process.env['REDIS_URL'] ?? 'redis://localhost:6379',
      group: 'shop',
    }),
    InboundWebhooksModule,
    WebhookIngress.forRoot([
      {
        path: '/webhooks/github',
        scheme: 'github',
        secrets: process.env['GITHUB_SECRET'] ?? '',
        maxBodyBytes: 25_000_000,
        route: ({ headers }) => `/github/${String(headers['x-github-event'])}/`,
        map: ({ data }) => ({ repository: (data as Push).repository.full_name }),
      },
      {
        path: '/webhooks/slack',
        scheme: 'slack',
        secrets: process.env['SLACK_SECRET'] ?? '',
        route: '/slack/event/',
      },
      {
        path: '/webhooks/shopify',
        scheme: 'shopify',
        secrets: (process.env['SHOPIFY_SECRETS'] ?? '').split(','),
        route: '/shop/order/',
      },
      {
        path: '/internal/order-status',
        scheme: internal,
        secrets: process.env['INTERNAL_TOKEN'] ?? '',
        route: '/order/status/',
      },
    ]),
  ],
  controllers: [StripeController],
  providers: [ShopHandlers],
})
export class AppModule {}

interface Push {
  readonly repository: { readonly full_name: string };
}

export function receive(headers: Headers, body: Buffer, secret: string): string | undefined {
  const { id } = verifyWebhook({ scheme: 'standard', headers, body, secrets: [secret] });
  return id;
}

export async function tryReceiver(
  secret: string,
  deliver: (url: string) => Promise<void>,
): Promise<string | undefined> {
  await using receiver = await WebhookReceiver.start({ secrets: secret });
  receiver.answerNext(500, { status: 503, headers: { 'retry-after': '1' } });
  await deliver(receiver.url);
  const [, , third] = await receiver.received(3);
  return third?.verification?.id;
}
