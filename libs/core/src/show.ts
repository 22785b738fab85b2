import { types } from 'node:util';

const MAX_SHOWN = 80;

/** Renders any value for an error message, briefly. Never throws. */
export function show(value: unknown): string {
  try {
    return printable(render(value));
  } catch {
    // A Proxy or a getter may refuse any look at it.
    return typeof value === 'function' ? 'a function' : 'an object';
  }
}

function render(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(shorten(value));
    case 'function':
      return `a function (${nameOf(value) ?? 'anonymous'})`;
    case 'object':
      if (value === null) return 'null';
      if (Array.isArray(value)) return 'an array';
      return `an object (${nameOf(Reflect.get(value, 'constructor')) ?? 'Object'})`;
    default:
      return shorten(String(value));
  }
}

/** Returns the name of a class or function, if it is a string: a class may have any static property `name`. */
function nameOf(maker: unknown): string | undefined {
  const name: unknown = typeof maker === 'function' ? maker.name : undefined;
  return typeof name === 'string' && name !== '' ? shorten(name) : undefined;
}

function shorten(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

/** Turns any thrown value into an Error. Never throws. */
export function toError(thrown: unknown): Error {
  // `instanceof` fails for an Error of another realm, such as Node's own errors in a test runner's sandbox.
  if (types.isNativeError(thrown)) return thrown;
  try {
    if (thrown instanceof Error) return thrown;
  } catch {
    // A Proxy may refuse to reveal its prototype.
  }
  return new Error(typeof thrown === 'string' ? thrown : show(thrown), { cause: thrown });
}

/**
 * Characters that control a terminal, end a line or reverse its direction: control characters (C0, DEL, C1), line and
 * paragraph separators, direction marks, invisible characters, and halves of surrogate pairs.
 */
const STEERING =
  // eslint-disable-next-line no-control-regex -- control characters are exactly what this pattern looks for
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}\p{Surrogate}]/gu;

/**
 * Renders untrusted text (names, ids, errors, payloads) for a line of a log or a terminal. Characters that could end the
 * line or control the terminal become escapes such as `\n` or `\u001b`.
 *
 * @example
 * ```ts
 * logger.warn(printable(`Order ${id} failed: ${error.message}`));
 * ```
 */
export function printable(text: string): string {
  return text.replace(STEERING, escaped);
}

/** Renders an error with its stack for a log: its message on one line, then one line per call. */
export function printableStack({ name, message, stack = '' }: Error): string {
  const calls = stack.split('\n').filter((line) => /^\s+at /.test(line));
  return [`${name}: ${message}`, ...calls].map(printable).join('\n');
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escaped(character: string): string {
  const short = SHORT_ESCAPES[character];
  if (short !== undefined) return short;
  const hex = (character.codePointAt(0) ?? 0).toString(16);
  return hex.length > 4 ? `\\u{${hex}}` : `\\u${hex.padStart(4, '0')}`;
}
