import { ConfigError } from '@leanmq/core';
import { assertOptionNames } from '@leanmq/core/internal';

import type { LeanMQLateOptions, LeanMQModuleOptions } from '../options.js';

const LATE = ['autoStart', 'unprovidedHandlers', 'logger'] as const;
const ANSWERS: readonly unknown[] = ['error', 'warn', 'ignore'];

const USE_ASYNC = 'give it to forRootAsync()';
const FORROOT_HINTS = Object.freeze({
  useFactory: USE_ASYNC,
  useClass: USE_ASYNC,
  useExisting: USE_ASYNC,
  inject: USE_ASYNC,
  imports: USE_ASYNC,
});
const FACTORY_HINTS = Object.freeze({
  isGlobal: 'give it to forRootAsync() itself, beside the factory',
});

/**
 * Checks the names of all options, and the values of the Nest-only ones; the core checks the others. Pure.
 *
 * @throws {ConfigError} that names the option, and the nearest known one or what is allowed
 */
export function checkedOptions(options: LeanMQModuleOptions): LeanMQModuleOptions {
  return checked(options, ['isGlobal', ...LATE], FORROOT_HINTS);
}

/** Checks the result of the factory of `forRootAsync()`. Pure. */
export function checkedLateOptions(options: LeanMQLateOptions): LeanMQLateOptions {
  return checked(options, LATE, FACTORY_HINTS);
}

/** @throws {ConfigError} unless it is an object; the value is not shown, because a URL may hold a password */
export function assertObject(owner: string, given: unknown): void {
  if (typeof given === 'object' && given !== null) return;
  const what = given === null ? 'null' : `of type ${typeof given}`;
  throw new ConfigError(`The options of ${owner} are ${what}; give an object.`);
}

/** @throws {ConfigError} unless it is true, false or not given */
export function assertSwitch(name: string, value: unknown): void {
  if (value === undefined || typeof value === 'boolean') return;
  throw ConfigError.option(name, value, 'true or false');
}

function checked(
  options: LeanMQModuleOptions,
  own: readonly string[],
  hints: Readonly<Record<string, string>>,
): LeanMQModuleOptions {
  // A factory that returns nothing: the core reports the missing options.
  const given = (options as LeanMQModuleOptions | null | undefined) ?? ({} as LeanMQModuleOptions);
  assertObject('LeanMQModule', given);
  assertOptionNames('LeanMQModule', given, own, hints);
  const { isGlobal, autoStart, logger, unprovidedHandlers } = given;
  for (const [name, value] of Object.entries({ isGlobal, autoStart, logger })) {
    assertSwitch(name, value);
  }
  if (unprovidedHandlers !== undefined && !ANSWERS.includes(unprovidedHandlers)) {
    const allowed = '"error", "warn" or "ignore"';
    throw ConfigError.option('unprovidedHandlers', unprovidedHandlers, allowed);
  }
  return given;
}
