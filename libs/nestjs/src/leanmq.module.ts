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
 * Nest module for webhooks between services: `WebhookPublisher` sends them, methods with `@OnWebhook` and `@OnWebhookBatch`
 * handle them. Import it once, in the root module.
 *
 * Deliveries begin when all modules have started. At shutdown the module stops reading and waits for running handlers before
 * any other module is destroyed. Publishing works until the very end.
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
    // Not the options themselves: inspecting the module would show the password in them.
    this.startsItself = autoStart !== false;
    this.isLogging = logger !== false;
    placeModule(modules, LeanMQModule, HOOK_DISTANCE.startsLastStopsFirst);
  }

  /** Configures the module with options that are known where it is imported. */
  static forRoot(options: LeanMQModuleOptions): DynamicModule {
    // A factory, not a value: logging the dynamic module would log the password.
    const useFactory = () => checkedOptions(options);
    // A value that is not an object is refused with all other mistakes, when the application starts.
    const { isGlobal } = Object(options) as LeanMQModuleOptions;
    return assemble([{ provide: LEANMQ_OPTIONS, useFactory }], isGlobal);
  }

  /**
   * Configures the module with options that are determined when the application starts, for example by a config service.
   *
   * @throws {ConfigError} for an unknown option of `forRootAsync()` itself; LeanMQ's options are checked at start
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

  /** Hides Nest's container, which holds the options and their password. */
  [inspect.custom](): string {
    return 'LeanMQModule {}';
  }

  /** Refuses a second configuration: each would register the handlers that are meant for the other. */
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
