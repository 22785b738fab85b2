import { ConfigError, show } from '../errors.js';
import { isPlainText } from './plain-text.js';

const MAX_PATH_BYTES = 512;

/**
 * Returns the canonical form of a path: without leading and trailing slashes, otherwise unchanged. So `/order/status/` and
 * `order/status` are the same path, while `/a/b` and `/a_b` differ. Pure.
 *
 * @throws {ConfigError} unless the path is 1 to 512 bytes of UTF-8 without control characters
 */
export function normalizePath(path: string): string {
  const cached = known.get(path);
  if (cached !== undefined) return cached;
  const normal = validated(path);
  if (known.size >= 4096) known.clear();
  known.set(path, normal);
  return normal;
}

/** Cache of checked paths: an application uses few paths, and sends to each often. */
const known = new Map<string, string>();

function validated(path: string): string {
  const allowed = '1 to 512 bytes of UTF-8 without control characters, not counting outer slashes';
  if (typeof path !== 'string') throw invalid(path, allowed);
  let start = 0;
  let end = path.length;
  while (start < end && path[start] === '/') start += 1;
  while (end > start && path[end - 1] === '/') end -= 1;
  const normal = path.slice(start, end);
  const bytes = Buffer.byteLength(normal);
  if (bytes === 0 || bytes > MAX_PATH_BYTES) throw invalid(path, allowed);
  if (!isPlainText(normal)) throw invalid(path, allowed);
  return normal;
}

function invalid(path: unknown, allowed: string): ConfigError {
  return new ConfigError(`Path ${show(path)} is not a webhook path; allowed: ${allowed}.`, {
    code: 'PATH_INVALID',
  });
}

/** Formats a canonical path as people write it, `/order/status/`. */
export function displayPath(path: string): string {
  return `/${path}/`;
}
