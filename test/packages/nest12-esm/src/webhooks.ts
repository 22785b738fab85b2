import { randomUUID } from 'node:crypto';
import { Body, Controller, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { LeanMQModule } from '@leanmq/nestjs';
import {
  Verified,
  VerifiedWebhook,
  WebhookIngress,
  createWebhookSecret,
  signWebhook,
  type WebhookVerification,
} from '@leanmq/http';

const SECRET = createWebhookSecret();

@Controller('hooks')
export class HooksController {
  @Post('verified')
  @VerifiedWebhook({ scheme: 'standard', secrets: SECRET })
  receive(@Body() body: { text: string }, @Verified() { id }: WebhookVerification) {
    return { id, text: body.text };
  }
}

@Module({
  imports: [
    LeanMQModule.forRoot({
      redis: process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379',
      group: 'webhooks',
      prefix: `${process.env['PREFIX'] ?? 'orders'}-webhooks`,
      logger: false,
    }),
    WebhookIngress.forRoot([
      { path: 'hooks/ingress', scheme: 'standard', secrets: () => SECRET, route: '/hooks/' },
    ]),
  ],
  controllers: [HooksController],
})
class WebhooksModule {}

/** Verified webhooks reach a controller and a queue over HTTP, and others do not. */
export async function assertWebhooksComeIn(): Promise<void> {
  for (const adapter of [new ExpressAdapter(), new FastifyAdapter()]) {
    await assertWebhooksComeInOn(adapter);
  }
}

async function assertWebhooksComeInOn(adapter: ExpressAdapter | FastifyAdapter): Promise<void> {
  const app = await NestFactory.create(WebhooksModule, adapter, { logger: ['error'] });
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  const send = async (path: string, body: string, sent = body) => {
    const id = `msg_${randomUUID()}`;
    const timestamp = Math.floor(Date.now() / 1_000);
    const answer = await fetch(`${url}/hooks/${path}`, {
      method: 'POST',
      body: sent,
      headers: {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': String(timestamp),
        'webhook-signature': signWebhook({ id, timestamp, body, secret: SECRET }),
      },
    });
    return `${answer.status} ${await answer.text()}`;
  };
  const answers = [
    await send('verified', '{"text":  "ü"}'),
    await send('verified', '{"text":"ü"}', '{"text": "ü"}'),
    await send('ingress', '{"text":  "ü"}'),
    await send('ingress', '{"text":"ü"}', '{"text": "ü"}'),
  ];
  await app.close();
  const statuses = answers.map((answer) => answer.slice(0, 3)).join(' ');
  if (statuses !== '201 401 202 401') {
    throw new Error(`Webhooks on ${adapter.getType()} were answered ${answers.join(', ')}`);
  }
}
