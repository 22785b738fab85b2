import { ConfigError } from './errors.js';

/** setTimeout fires at once when it is told to wait much longer. */
export const LONGEST_MS = 2_000_000_000;

/** A misspelt option would be one that is silently not there. */
export function known(owner: string, options: object, names: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (names.includes(name)) continue;
    throw new ConfigError(`Option "${name}" is not known; ${owner} takes ${names.join(', ')}.`);
  }
}

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

export function parts<T extends object>(name: string, option: T): T {
  if (typeof option !== 'object' || (option as unknown) === null) {
    throw ConfigError.option(name, option, 'an object');
  }
  return option;
}
