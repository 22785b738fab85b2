import { normalizePath } from '@leanmq/core/internal';

/**
 * Joins prefix and path of a handler: `/order` and `/status/` become `order/status`. Pure.
 *
 * @throws {ConfigError} if the result is not a path
 */
export function joinPath(prefix: string, path: string): string {
  for (const part of [prefix, path] as unknown[]) {
    // The core refuses a value that is not a string.
    if (typeof part !== 'string') return normalizePath(part as string);
  }
  return normalizePath([prefix, path].map(trimSlashes).filter(Boolean).join('/'));
}

function trimSlashes(part: string): string {
  return part.replace(/^\/+|\/+$/g, '');
}
