import { Global, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';

import { ControllerMethods } from './controller-methods.js';
import { RawBodyKeeper } from './raw-body-keeper.js';
import { VerifiedRoutes } from './verified-routes.js';

/** Verifies webhooks that come in, for methods with `@VerifiedWebhook`. Import it once, in the root module. */
@Global()
@Module({
  imports: [DiscoveryModule],
  providers: [ControllerMethods, VerifiedRoutes, RawBodyKeeper],
  exports: [ControllerMethods, VerifiedRoutes, RawBodyKeeper],
})
export class InboundWebhooksModule {}
