import { normalizePath } from '@leanmq/core';

/**
 * The path of a handler: `/order` and `/status/` make `order/status`. Pure.
 *
 * @throws {ConfigError} if that is not a path
 */
export function joinPath(prefix: string, path: string): string {
  for (const part of [prefix, path] as unknown[]) {
    // What is not a string is for the core to refuse, in its own words.
    if (typeof part !== 'string') return normalizePath(part as string);
  }
  return normalizePath([prefix, path].map(trimSlashes).filter(Boolean).join('/'));
}

function trimSlashes(part: string): string {
  return part.replace(/^\/+|\/+$/g, '');
}
