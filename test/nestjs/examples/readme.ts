import {
  Delivery,
  LeanMQ,
  LeanMQModule,
  OnWebhook,
  OnWebhookBatch,
  Payload,
  RejectError,
  WebhookController,
  WebhookPublisher,
  isLeanMQContext,
  type LeanMQArguments,
  type WebhookDelivery,
} from '@leanmq/nestjs';
import {
  Injectable,
  Module,
  type CanActivate,
  type ExecutionContext,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { IsEmail, IsInt, IsString } from 'class-validator';

@Injectable()
export class Settings {
  readonly redis = process.env['REDIS_URL'] ?? 'redis://localhost:6379';
  readonly prefix = process.env['PREFIX'] ?? 'leanmq';
}

@Module({ providers: [Settings], exports: [Settings] })
export class SettingsModule {}

export class StockUpdate {
  @IsString() productId!: string;
  @IsInt() change!: number;
}

@WebhookController('/inventory')
export class InventoryHandlers {
  readonly stock = new Map<string, number>();

  @OnWebhook('/update/', { concurrency: 32, idempotent: true })
  onUpdate(@Payload() update: StockUpdate, @Delivery() delivery: WebhookDelivery<StockUpdate>) {
    const { productId, change } = update;
    if (productId === 'unknown') throw new RejectError(`No product for ${delivery.id}`);
    this.stock.set(productId, (this.stock.get(productId) ?? 0) + change);
  }

  @OnWebhook('/counted/')
  @OnWebhook('/corrected/')
  onCount(@Payload('productId') productId: string, @Payload('total') total: number) {
    this.stock.set(productId, total);
  }
}

@Module({
  imports: [
    LeanMQModule.forRootAsync({
      imports: [SettingsModule],
      inject: [Settings],
      useFactory: ({ redis, prefix }: Settings) => ({ redis, prefix, group: 'inventory' }),
    }),
  ],
  providers: [InventoryHandlers],
})
export class InventoryModule {}

@Injectable()
export class Shop {
  constructor(private readonly publisher: WebhookPublisher) {}

  async sell(productId: string): Promise<void> {
    const update = Object.assign(new StockUpdate(), { productId, change: -1 });
    await this.publisher.send('/inventory/update/', update, { messageId: `sold:${productId}` });
    const [buyer, shop] = [{ to: 'buyer@example.com' }, { to: 'shop@example.com' }];
    await this.publisher.sendMany('/mail/', [{ data: buyer }, { data: shop }]);
    await this.publisher.transaction((tx) => {
      tx.send('/billing/', { productId });
      tx.send('/reports/', { productId }, { delayMs: 60_000 });
    });
  }
}

@Injectable()
export class PaidOnly implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    if (!isLeanMQContext(context)) return true; // not a message but an HTTP request, say
    const [payload, { headers }] = context.getArgs<LeanMQArguments<{ paid: boolean }>>();
    return payload.paid && headers['x-tenant'] !== undefined;
  }
}

export class Mail {
  @IsEmail() to!: string;
}

@Injectable()
export class Mailer {
  readonly sent: string[] = [];

  async send(mails: readonly Mail[]): Promise<ReadonlySet<string>> {
    const [bounced, sent] = [true, false].map((bounces) =>
      mails.map(({ to }) => to).filter((to) => to.startsWith('nobody') === bounces),
    );
    this.sent.push(...(sent ?? []));
    return Promise.resolve(new Set(bounced));
  }
}

@Injectable()
export class MailHandlers {
  constructor(private readonly mailer: Mailer) {}

  @OnWebhookBatch('/mail/', { batch: { size: 50, waitMs: 20 }, payload: Mail, attempts: 3 })
  async onMails(@Payload() mails: readonly Mail[]) {
    const bounced = await this.mailer.send(mails);
    return mails.map(({ to }) => (bounced.has(to) ? new Error(`${to} bounced.`) : undefined));
  }
}

@Injectable()
export class Reminders implements OnApplicationBootstrap {
  constructor(private readonly publisher: WebhookPublisher) {}

  async onApplicationBootstrap() {
    const data = { to: 'accounts@example.com' };
    const rule = { cron: '0 8 1 * *', timezone: 'Europe/Berlin' };
    await this.publisher.schedules.upsert({ id: 'monthly', path: '/mail/', data, ...rule });
  }

  async billed(invoice: string, to: string, delayMs = 14 * 86_400_000) {
    await this.publisher.send('/mail/', { to }, { messageId: `reminder:${invoice}`, delayMs });
  }

  async paid(invoice: string) {
    await this.publisher.cancel('/mail/', `reminder:${invoice}`);
  }
}

@Injectable()
export class Operations {
  constructor(private readonly mq: LeanMQ) {}

  // Within a second no process of this group begins with a message any more; nothing is lost.
  async whilePaused(maintain: () => Promise<void>) {
    const queue = this.mq.queue('/inventory/update/');
    await queue.pause();
    try {
      await maintain();
    } finally {
      await queue.resume();
    }
  }

  // How many messages wait for each group.
  async backlog() {
    const groups = await this.mq.queue('/inventory/update/').groups();
    return new Map(groups.map(({ group, waiting }) => [group, waiting]));
  }

  // After a fix: one of what failed, and the rest if that goes well.
  async retryFailed() {
    const letters = this.mq.deadLetters('/inventory/update/');
    return letters.replay({ reason: 'failed', canary: 1 });
  }

  // What was published since then once more, to this group only.
  async replaySince(from: number) {
    return this.mq.replay('/inventory/update/', { from });
  }
}

@Module({
  imports: [
    LeanMQModule.forRootAsync({
      imports: [SettingsModule],
      inject: [Settings],
      useFactory: ({ redis, prefix }: Settings) => ({
        ...{ redis, prefix, group: 'nightly' },
        autoStart: false,
      }),
    }),
  ],
  providers: [Mailer, MailHandlers],
})
export class NightlyModule {}

export async function runNightly() {
  const app = await NestFactory.createApplicationContext(NightlyModule);
  const { processed, failed } = await app.get(LeanMQ).processOnce({ count: 1_000 });
  await app.close();
  return { processed, failed };
}
