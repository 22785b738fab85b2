import { ConfigError } from '@leanmq/core';
import type { Provider } from '@nestjs/common';

import {
  LEANMQ_OPTIONS,
  type LeanMQModuleAsyncOptions,
  type LeanMQOptionsFactory,
} from './options.js';

/** Makes the options known to Nest, in whichever way they come about. */
export function optionsProviders(options: LeanMQModuleAsyncOptions): Provider[] {
  if ('useFactory' in options) {
    const { useFactory, inject = [] } = options;
    return [{ provide: LEANMQ_OPTIONS, useFactory, inject }];
  }
  if ('useClass' in options) {
    const { useClass } = options;
    return [useClass, fromFactory(useClass)];
  }
  if ('useExisting' in options) return [fromFactory(options.useExisting)];
  throw new ConfigError('forRootAsync() takes one of useFactory, useClass and useExisting.');
}

function fromFactory(
  token: Extract<LeanMQModuleAsyncOptions, { useExisting: unknown }>['useExisting'],
): Provider {
  return {
    provide: LEANMQ_OPTIONS,
    useFactory: (factory: LeanMQOptionsFactory) => factory.createLeanMQOptions(),
    inject: [token],
  };
}
