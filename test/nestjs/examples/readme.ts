import {
  Delivery,
  LeanMQ,
  LeanMQModule,
  OnWebhook,
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
  type OnModuleInit,
} from '@nestjs/common';
import { IsInt, IsString } from 'class-validator';

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
    await this.publisher.sendMany('/mail/', [{ data: { productId } }, { data: { to: 'us' } }]);
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

@Injectable()
export class MailBatches implements OnModuleInit {
  constructor(private readonly mq: LeanMQ) {}

  onModuleInit() {
    this.mq.handleBatch('/mail/', async (deliveries) => this.mail(deliveries), {
      batch: { size: 50, waitMs: 20 },
    });
  }

  async mail(deliveries: readonly WebhookDelivery[]) {
    await Promise.resolve(deliveries);
  }
}
