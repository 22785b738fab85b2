import 'reflect-metadata';

import { runService } from '../../shared/run-service.js';
import { OrdersModule } from './orders.module.js';

await runService(OrdersModule);
