import { LeanMQ } from '@leanmq/nestjs';
import { Global, Module, type OnModuleInit } from '@nestjs/common';

import { Account } from './account.js';
import { recordEvents } from './engine-record.js';
import { FaultsController } from './faults.controller.js';
import { Faults } from './faults.js';

const { env } = process;

/**
 * Parts that a service has only for the demo: it records its work and can be made to fail. A real
 * service needs none of this.
 */
@Global()
@Module({
  controllers: [FaultsController],
  providers: [
    Faults,
    { provide: Account, useFactory: () => new Account(env['LEANMQ_DEMO_ACCOUNT']) },
  ],
  exports: [Account, Faults],
})
export class DemoModule implements OnModuleInit {
  constructor(private readonly mq: LeanMQ) {}

  onModuleInit(): void {
    recordEvents(this.mq.events, env['LEANMQ_DEMO_ENGINE']);
  }
}
