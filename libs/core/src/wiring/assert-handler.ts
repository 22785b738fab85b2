import { ConfigError, show } from '../errors.js';
import { displayPath } from '../message/index.js';

/** @throws {ConfigError} unless it is a function; found at the first message, each one would fail with it */
export function assertHandler(path: string, handler: unknown): void {
  if (typeof handler === 'function') return;
  throw new ConfigError(
    `The handler of "${displayPath(path)}" is ${show(handler)}; give a function that gets the delivery.`,
  );
}
