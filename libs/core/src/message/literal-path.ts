import { ConfigError, show } from '../errors.js';
import { normalizePath } from './path.js';

/**
 * A path to publish to or to handle, in its canonical form. A path is a name: what reads like a pattern, a parameter, a
 * query or a URL would be a queue of that very name, which nobody sends to. Names that were stored before are still read.
 *
 * @throws {ConfigError} for what is no path, or reads like more than a name
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

/** Paths are few and sent to often; checking each once keeps it off the path of a message. */
const literal = new Map<string, string>();

const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [
    /^[a-z][a-z0-9+.-]*:\/\//i,
    'is a URL, and LeanMQ delivers to paths of its own: give the path alone, and let the other service handle it',
  ],
  [
    /(^|[/.])(\*{1,2}|\+|>)($|[/.])/,
    'reads like a pattern, and a handler has one path: register it for each path, or publish to one path and tell by the payload or a header',
  ],
  [
    /(^|\/):[A-Za-z_]/,
    'has a parameter, and a path is a name: leave it out and send the value in the payload or a header',
  ],
  [
    /\?./s,
    'has a query, and a path is a name: leave it out and send the values in the payload or a header',
  ],
  [
    /#/,
    'has a "#", which reads like a pattern or a fragment, and a path is a name: leave it out, or send what it says in the payload or a header',
  ],
];

function problemOf(normal: string): string | undefined {
  return PATTERNS.find(([pattern]) => pattern.test(normal))?.[1];
}
