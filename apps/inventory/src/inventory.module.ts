import { LeanMQModule } from '@leanmq/nestjs';
import { Module } from '@nestjs/common';

import { DemoModule } from '../../shared/demo/demo.module.js';
import { broker } from '../../shared/settings.js';
import { InventoryHandlers } from './inventory-handlers.js';
import { StockController } from './stock.controller.js';
import { Stock } from './stock.js';
import { Warehouse } from './warehouse.js';

@Module({
  imports: [LeanMQModule.forRoot({ ...broker, group: 'inventory' }), DemoModule],
  controllers: [StockController],
  providers: [InventoryHandlers, Stock, Warehouse],
})
export class InventoryModule {}
