import { types } from 'node:util';

const MAX_SHOWN = 80;

/** Renders a given value for an error message, short and without ever throwing. */
export function show(value: unknown): string {
  try {
    return render(value);
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

/** A class may have a static property `name` that is no text. */
function nameOf(maker: unknown): string | undefined {
  const name: unknown = typeof maker === 'function' ? maker.name : undefined;
  return typeof name === 'string' && name !== '' ? shorten(name) : undefined;
}

function shorten(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

/** Whatever was thrown, as an Error. Never throws. */
export function toError(thrown: unknown): Error {
  // An Error of another realm is none by `instanceof`: Node's own are not to code in a test runner's sandbox.
  if (types.isNativeError(thrown)) return thrown;
  try {
    if (thrown instanceof Error) return thrown;
  } catch {
    // A Proxy may refuse to tell its prototype.
  }
  return new Error(typeof thrown === 'string' ? thrown : show(thrown), { cause: thrown });
}
