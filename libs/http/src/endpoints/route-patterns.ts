import { normalizePath, show, toError } from '@leanmq/core/internal';
import { WebhookInputError } from '../input-error.js';
import { invalid, isName, sortedSet } from './text-rules.js';

const MAX_ROUTES = 100;
const MAX_PATTERN_BYTES = 512;
const MAX_TYPES = 100;
const MAX_TYPE_LENGTH = 256;
const TYPE = /^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*$/;
const TYPE_PATTERN = /^([A-Za-z0-9_]+\.)*\*$/;

/** @throws {WebhookInputError} ROUTE_INVALID */
export function validRoutes(routes: readonly string[]): readonly string[] {
  if (!isList(routes, MAX_ROUTES)) {
    throw invalid('ROUTE_INVALID', 'routes', routes, `a list of at most ${MAX_ROUTES} paths`);
  }
  return sortedSet(routes.map((route, index) => validRoute(route, `routes[${index}]`)));
}

function validRoute(route: string, field: string): string {
  if (typeof route === 'string' && route.endsWith('*')) {
    const message = `Field "${field}" is ${show(route)}; what ends in "*" belongs to "patterns".`;
    throw new WebhookInputError('ROUTE_INVALID', field, message);
  }
  try {
    return normalizePath(route);
  } catch (error) {
    throw new WebhookInputError('ROUTE_INVALID', field, toError(error).message);
  }
}

/**
 * Patterns in canonical form: without the slash that a path may begin with. Those that another one covers go. Pure.
 *
 * @throws {WebhookInputError} PATTERN_INVALID
 */
export function validPatterns(patterns: readonly string[]): readonly string[] {
  if (!isList(patterns, MAX_ROUTES)) {
    throw invalid('PATTERN_INVALID', 'patterns', patterns, `a list of at most ${MAX_ROUTES}`);
  }
  const valid = patterns.map((pattern, index) => validPattern(pattern, `patterns[${index}]`));
  const isCovered = (pattern: string): boolean =>
    valid.some((other) => other !== pattern && pattern.startsWith(other.slice(0, -1)));
  return sortedSet(valid.filter((pattern) => !isCovered(pattern)));
}

function validPattern(pattern: unknown, field: string): string {
  const bare = typeof pattern === 'string' ? pattern.replace(/^\/+/, '') : undefined;
  if (isName(bare, MAX_PATTERN_BYTES) && bare.indexOf('*') === bare.length - 1) return bare;
  const allowed = 'the beginning of paths with one "*" at its end, such as "order/*"';
  throw invalid('PATTERN_INVALID', field, pattern, allowed);
}

/** @throws {WebhookInputError} TYPE_INVALID */
export function validTypes(types: readonly string[]): readonly string[] {
  if (!isList(types, MAX_TYPES)) {
    throw invalid('TYPE_INVALID', 'types', types, `a list of at most ${MAX_TYPES} event types`);
  }
  types.forEach((type: unknown, index) => {
    const isValid =
      typeof type === 'string' &&
      type.length <= MAX_TYPE_LENGTH &&
      (TYPE.test(type) || TYPE_PATTERN.test(type));
    if (isValid) return;
    const allowed = 'words of letters, digits and "_" between full stops; the last may be "*"';
    throw invalid('TYPE_INVALID', `types[${index}]`, type, allowed);
  });
  return sortedSet(types);
}

/** Returns true when a pattern equals the text, or ends in `*` and is a prefix of it. Pure. */
export function matchesAny(patterns: readonly string[], text: string): boolean {
  return patterns.some((pattern) =>
    pattern.endsWith('*') ? text.startsWith(pattern.slice(0, -1)) : pattern === text,
  );
}

/**
 * The event type of a route: its path with full stops, and `_` for what a type cannot hold: `order/status` is
 * `order.status`. Pure.
 */
export function eventTypeOf(path: string): string {
  return normalizePath(path)
    .split('/')
    .filter((part) => part !== '')
    .map((part) => part.replace(/[^A-Za-z0-9_]/gu, '_'))
    .join('.');
}

function isList(value: unknown, most: number): value is readonly string[] {
  return Array.isArray(value) && value.length <= most;
}
