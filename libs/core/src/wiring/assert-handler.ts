import { ConfigError, show } from '../errors.js';
import { displayPath } from '../message/index.js';

/** @throws {ConfigError} unless it is a function; otherwise the error would only show at the first message */
export function assertHandler(path: string, handler: unknown): void {
  if (typeof handler === 'function') return;
  throw new ConfigError(
    `The handler of "${displayPath(path)}" is ${show(handler)}; give a function that takes the delivery.`,
  );
}
