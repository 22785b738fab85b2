import { ConfigError } from './errors.js';

export { known, nearestName, unknownOption, type ForeignNames } from './unknown-options.js';

/** setTimeout fires at once when it is told to wait much longer. */
export const LONGEST_MS = 2_000_000_000;

/** An option that is given as undefined is one that is not given. */
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

/** @throws {ConfigError} unless it is true, false or not given: in plain JavaScript the text "false" would mean true */
export function flag(name: string, value: unknown): void {
  if (value === undefined || typeof value === 'boolean') return;
  throw ConfigError.option(name, value, 'true or false');
}

/** @throws {ConfigError} unless it is a function or not given */
export function callable(name: string, value: unknown): void {
  if (value === undefined || typeof value === 'function') return;
  throw ConfigError.option(name, value, 'a function');
}

/** @throws {ConfigError} unless it is an AbortSignal, of whatever realm, or not given */
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
