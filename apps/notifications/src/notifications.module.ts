import { LeanMQModule } from '@leanmq/nestjs';
import { Module } from '@nestjs/common';

import { DemoModule } from '../../shared/demo/demo.module.js';
import { broker } from '../../shared/settings.js';
import { MailProvider } from './mail-provider.js';
import { MailsController } from './mails.controller.js';
import { NotificationHandlers } from './notification-handlers.js';

@Module({
  imports: [LeanMQModule.forRoot({ ...broker, group: 'notifications' }), DemoModule],
  controllers: [MailsController],
  providers: [NotificationHandlers, MailProvider],
})
export class NotificationsModule {}
