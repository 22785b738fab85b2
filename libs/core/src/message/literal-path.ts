import { ConfigError, show } from '../errors.js';
import { normalizePath } from './path.js';

/**
 * Returns the canonical form of a path to publish to or to handle. A path is a name: a pattern, a parameter, a query or a
 * URL would name a queue literally, and nobody would send to it. Stored names of that kind can still be read.
 *
 * @throws {ConfigError} if `path` is invalid, or looks like more than a name
 */
export function literalPath(path: string): string {
  const cached = literal.get(path);
  if (cached !== undefined) return cached;
  const normal = normalizePath(path);
  const problem = problemOf(normal);
  if (problem !== undefined) {
    throw new ConfigError(`Path ${show(path)} ${problem}.`, { code: 'PATH_INVALID' });
  }
  if (literal.size >= 4096) literal.clear();
  literal.set(path, normal);
  return normal;
}

/** Cache of checked paths: an application uses few paths, and sends to each often. */
const literal = new Map<string, string>();

const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [
    /^[a-z][a-z0-9+.-]*:\/\//i,
    'is a URL, but LeanMQ delivers to its own paths: give the path alone, and let the other service handle it',
  ],
  [
    /(^|[/.])(\*{1,2}|\+|>)($|[/.])/,
    'looks like a pattern, but a handler has one path: register it for each path, or publish to one path and distinguish by the payload or a header',
  ],
  [
    /(^|\/):[A-Za-z_]/,
    'has a parameter, but a path is a fixed name: leave it out and send the value in the payload or a header',
  ],
  [
    /\?./s,
    'has a query, but a path is a fixed name: leave it out and send the values in the payload or a header',
  ],
  [
    /#/,
    'has a "#", which looks like a pattern or a fragment, but a path is a fixed name: leave it out, or send that part in the payload or a header',
  ],
];

function problemOf(normal: string): string | undefined {
  return PATTERNS.find(([pattern]) => pattern.test(normal))?.[1];
}
