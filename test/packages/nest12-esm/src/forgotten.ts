import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ConfigError, LeanMQModule, OnWebhook } from '@leanmq/nestjs';

/** Has a handler, and nobody provides it. */
export class ForgottenHandlers {
  @OnWebhook('/forgotten/')
  onForgotten() {}
}

@Module({
  imports: [
    LeanMQModule.forRoot({
      redis: process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379',
      group: 'forgetful',
      prefix: process.env['PREFIX'] ?? 'orders',
      logger: false,
    }),
  ],
})
class ForgetfulModule {}

/** The first application of a process does not start without a class that handles something. */
export async function assertForgottenIsRefused(): Promise<void> {
  const starting = NestFactory.createApplicationContext(ForgetfulModule, {
    logger: false,
    abortOnError: false,
  });
  const failure = await starting.then(
    () => undefined,
    (error: unknown) => error,
  );
  const isTold = failure instanceof ConfigError && failure.code === 'HANDLER_UNPROVIDED';
  if (!isTold || !failure.message.includes('ForgottenHandlers')) {
    throw new Error('A handler that nobody provides is not refused.', { cause: failure });
  }
}
