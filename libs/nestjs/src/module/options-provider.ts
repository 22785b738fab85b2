import { ConfigError } from '@leanmq/core';
import { assertKnownOptions } from '@leanmq/core/internal';
import type { Provider } from '@nestjs/common';

import { assertObject, assertSwitch, checkedLateOptions } from './module-options.js';
import {
  LEANMQ_OPTIONS,
  type LeanMQLateOptions,
  type LeanMQModuleAsyncOptions,
  type LeanMQOptionsFactory,
} from '../options.js';

type Made = LeanMQLateOptions | Promise<LeanMQLateOptions>;
type Injected = Extract<LeanMQModuleAsyncOptions, { useFactory: unknown }>['inject'];

/** Every option of `forRootAsync()`, of all its variants. */
interface Given {
  readonly useFactory?: (...args: unknown[]) => Made;
  readonly useClass?: Extract<LeanMQModuleAsyncOptions, { useClass: unknown }>['useClass'];
  readonly useExisting?: Extract<LeanMQModuleAsyncOptions, { useExisting: unknown }>['useExisting'];
  readonly inject?: Injected;
  readonly imports?: LeanMQModuleAsyncOptions['imports'];
  readonly isGlobal?: boolean;
}

const WAYS = ['useFactory', 'useClass', 'useExisting'] as const;
const NAMES: readonly string[] = [...WAYS, 'inject', 'imports', 'isGlobal'];

/**
 * Creates the providers of the options, for each variant of `forRootAsync()`.
 *
 * @throws {ConfigError} for an option that `forRootAsync()` does not have
 */
export function optionsProviders(options: LeanMQModuleAsyncOptions): Provider[] {
  assertObject('forRootAsync()', options);
  const given = options as Given;
  assertKnownOptions('forRootAsync()', given, NAMES);
  assertValues(given);
  const { useFactory, useClass, useExisting, inject = [] } = given;
  if (useFactory !== undefined) {
    const make = async (...args: unknown[]) => checkedLateOptions(await useFactory(...args));
    return [{ provide: LEANMQ_OPTIONS, useFactory: make, inject }];
  }
  if (useClass !== undefined) return [useClass, fromFactory(useClass, 'useClass')];
  return [fromFactory(useExisting as NonNullable<typeof useExisting>, 'useExisting')];
}

function assertValues(given: Given): void {
  const ways = WAYS.filter((way) => given[way] !== undefined);
  const [way] = ways;
  if (way === undefined || ways.length > 1) {
    const all = ways.length > 1 ? `, and has ${ways.join(' and ')}` : '';
    throw new ConfigError(
      `forRootAsync() takes one of useFactory, useClass and useExisting${all}.`,
    );
  }
  const { inject, imports, isGlobal } = given;
  const value: unknown = given[way];
  if (way === 'useFactory' && typeof value !== 'function') {
    throw ConfigError.option(way, value, 'a function that returns the options');
  }
  if (way === 'useClass' && typeof value !== 'function') {
    throw ConfigError.option(way, value, 'a class with createLeanMQOptions()');
  }
  if (value === null) throw ConfigError.option(way, value, 'a class or another token');
  for (const [name, list] of Object.entries({ inject, imports })) {
    if (list !== undefined && !Array.isArray(list)) throw ConfigError.option(name, list, 'a list');
  }
  if (inject !== undefined && way !== 'useFactory') {
    throw new ConfigError(
      `Option "inject" has no effect with "${way}": it names the arguments of "useFactory".`,
    );
  }
  assertSwitch('isGlobal', isGlobal);
}

function fromFactory(
  token: NonNullable<Given['useClass'] | Given['useExisting']>,
  way: 'useClass' | 'useExisting',
): Provider {
  return {
    provide: LEANMQ_OPTIONS,
    useFactory: async (factory: Partial<LeanMQOptionsFactory> | null | undefined) => {
      if (typeof factory?.createLeanMQOptions !== 'function') {
        throw ConfigError.option(way, factory, 'a provider with createLeanMQOptions()');
      }
      return checkedLateOptions(await factory.createLeanMQOptions());
    },
    inject: [token],
  };
}
