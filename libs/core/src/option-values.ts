import { ConfigError } from './errors.js';

export { known, nearestName, unknownOption, type ForeignNames } from './unknown-options.js';

/** Longest time limit, in ms: setTimeout fires at once for a much longer delay. */
export const LONGEST_MS = 2_000_000_000;

/** Drops the options that are undefined, so their defaults apply. */
export function defined<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as Partial<T>;
}

export function whole(
  name: string,
  value: number,
  least: number,
  most = Number.MAX_SAFE_INTEGER,
): void {
  if (!Number.isSafeInteger(value) || value < least || value > most) {
    const range = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `${least} to ${most}`;
    throw ConfigError.option(name, value, `a whole number, ${range}`);
  }
}

export function word(name: string, value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value)) {
    throw ConfigError.option(name, value, allowed.map((each) => `"${each}"`).join(' or '));
  }
}

/** @throws {ConfigError} unless `value` is true, false or undefined: in plain JavaScript, the string "false" is truthy */
export function flag(name: string, value: unknown): void {
  if (value === undefined || typeof value === 'boolean') return;
  throw ConfigError.option(name, value, 'true or false');
}

/** @throws {ConfigError} unless `value` is a function or undefined */
export function callable(name: string, value: unknown): void {
  if (value === undefined || typeof value === 'function') return;
  throw ConfigError.option(name, value, 'a function');
}

/** @throws {ConfigError} unless `signal` is an AbortSignal (of any realm) or undefined */
export function abortable(signal: unknown): void {
  if (signal === undefined) return;
  const { aborted, addEventListener } = Object(signal) as Partial<AbortSignal>;
  if (typeof aborted === 'boolean' && typeof addEventListener === 'function') return;
  throw ConfigError.option('signal', signal, 'an AbortSignal');
}

export function parts<T extends object>(name: string, option: T): T {
  if (typeof option !== 'object' || (option as unknown) === null) {
    throw ConfigError.option(name, option, 'an object');
  }
  return option;
}
