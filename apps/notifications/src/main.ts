import 'reflect-metadata';

import { runService } from '../../shared/run-service.js';
import { NotificationsModule } from './notifications.module.js';

await runService(NotificationsModule);
