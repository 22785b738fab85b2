import { LeanMQModule } from '@leanmq/nestjs';
import { Module } from '@nestjs/common';

import { DemoModule } from '../../shared/demo/demo.module.js';
import { broker } from '../../shared/settings.js';
import { OrderHandlers } from './order-handlers.js';
import { OrdersController } from './orders.controller.js';

@Module({
  imports: [
    LeanMQModule.forRoot({
      ...broker,
      group: 'orders',
      // A person waits for the answer to a POST: better a quick 503, to be sent again, than a slow 202.
      publishTimeoutMs: 2_000,
    }),
    DemoModule,
  ],
  controllers: [OrdersController],
  providers: [OrderHandlers],
})
export class OrdersModule {}
