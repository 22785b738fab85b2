import { inspect } from 'node:util';

import { ConfigError, LeanMQ } from '@leanmq/core';
import {
  Inject,
  Module,
  type DynamicModule,
  type ModuleMetadata,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
  type Provider,
} from '@nestjs/common';
import { DiscoveryModule, ModulesContainer } from '@nestjs/core';

import { HandlerExplorer } from './discovery/index.js';
import { logNoHandlers } from './logging/index.js';
import {
  HOOK_DISTANCE,
  LeanMQConnectionModule,
  checkedOptions,
  optionsProviders,
  placeModule,
} from './module/index.js';
import {
  LEANMQ_OPTIONS,
  type LeanMQLateOptions,
  type LeanMQModuleAsyncOptions,
  type LeanMQModuleOptions,
} from './options.js';
import { HandlerRegistrar, LostHandlers } from './registration/index.js';

/**
 * Webhooks between services: `WebhookPublisher` sends them, methods with `@OnWebhook` and `@OnWebhookBatch` handle
 * them. Import it once, in
 * the root module.
 *
 * It begins to deliver when all modules have started, and stops reading and waits for running handlers before any of
 * them is destroyed. Publishing is possible until the very end.
 */
@Module({})
export class LeanMQModule implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly startsItself: boolean;
  private readonly isLogging: boolean;

  constructor(
    private readonly mq: LeanMQ,
    private readonly registrar: HandlerRegistrar,
    private readonly lost: LostHandlers,
    private readonly modules: ModulesContainer,
    @Inject(LEANMQ_OPTIONS) { autoStart, logger }: LeanMQLateOptions,
  ) {
    // Not the options themselves: a look at the module would tell the password in them.
    this.startsItself = autoStart !== false;
    this.isLogging = logger !== false;
    placeModule(modules, LeanMQModule, HOOK_DISTANCE.startsLastStopsFirst);
  }

  /** With options that are known where the module is imported. */
  static forRoot(options: LeanMQModuleOptions): DynamicModule {
    // A factory, not a value: whoever logs the dynamic module would log the password.
    const useFactory = () => checkedOptions(options);
    // What is no object is refused with everything else, when the application starts.
    const { isGlobal } = Object(options) as LeanMQModuleOptions;
    return assemble([{ provide: LEANMQ_OPTIONS, useFactory }], isGlobal);
  }

  /**
   * With options that are only known when the application starts, for example from a config service.
   *
   * @throws {ConfigError} for what it does not take; of the options themselves when the application starts
   */
  static forRootAsync(options: LeanMQModuleAsyncOptions): DynamicModule {
    const providers = optionsProviders(options);
    return assemble(providers, options.isGlobal, options.imports);
  }

  /**
   * @throws {ConfigError} for a handler that is not acceptable; names its class and method
   * @throws {BrokerError} if Redis cannot be reached, or messages would not be safe in it
   */
  async onApplicationBootstrap(): Promise<void> {
    this.assertImportedOnce();
    const handlers = await this.registrar.registerAll();
    this.lost.report();
    if (this.startsItself) await this.mq.start();
    if (handlers.length === 0 && this.isLogging) logNoHandlers();
  }

  async onModuleDestroy(): Promise<void> {
    await this.mq.stop();
  }

  /** Nest's container, which is behind this, has the options with their password. */
  [inspect.custom](): string {
    return 'LeanMQModule {}';
  }

  /** With two, each would find the handlers that are meant for the other. */
  private assertImportedOnce(): void {
    const all = [...this.modules.values()].filter(({ metatype }) => metatype === LeanMQModule);
    if (all.length === 1) return;
    throw new ConfigError(
      `LeanMQModule is imported with ${all.length} different configurations; import it once, in the root module.`,
    );
  }
}

function assemble(
  options: Provider[],
  isGlobal = true,
  imports?: ModuleMetadata['imports'],
): DynamicModule {
  return {
    module: LeanMQModule,
    global: isGlobal,
    imports: [DiscoveryModule, LeanMQConnectionModule.with(options, imports)],
    providers: [HandlerExplorer, HandlerRegistrar, LostHandlers],
    exports: [LeanMQConnectionModule],
  };
}
