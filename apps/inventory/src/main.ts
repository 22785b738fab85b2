import 'reflect-metadata';

import { runService } from '../../shared/run-service.js';
import { InventoryModule } from './inventory.module.js';

await runService(InventoryModule);
