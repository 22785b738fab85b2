// Shared by every copy of the package in a process: its ESM and CommonJS builds, or two installed versions.
const BRAND = Symbol.for('@leanmq/core:error');

type AnyClass = abstract new (...given: never[]) => object;

/**
 * Brands an error class with a name that all copies of the package recognise.
 *
 * @param name the class name as written in the source; a bundler may rename the class itself
 */
export function brand({ prototype }: AnyClass, name: string): void {
  Object.defineProperty(prototype, BRAND, { value: name });
}

/** Returns the name that a class was branded with. */
export function brandOf(type: AnyClass): unknown {
  const { prototype } = type as { prototype?: object };
  return prototype === undefined ? undefined : ownBrandOf(prototype);
}

/**
 * Decides `value instanceof type` by brands, so errors of another copy count too. For a class without a brand, such as a
 * custom error that extends `LeanMQError`, prototypes decide as usual.
 */
export function isOfKind(type: AnyClass, value: unknown): boolean {
  const name = brandOf(type);
  if (name === undefined) return Function.prototype[Symbol.hasInstance].call(type, value);
  if (typeof value !== 'object' || value === null) return false;
  for (let at = prototypeOf(value); at !== null; at = prototypeOf(at)) {
    if (ownBrandOf(at) === name) return true;
  }
  return false;
}

// A thrown value may be a Proxy that refuses every access.
function ownBrandOf(prototype: object): unknown {
  try {
    return Object.getOwnPropertyDescriptor(prototype, BRAND)?.value;
  } catch {
    return undefined;
  }
}

function prototypeOf(value: object): object | null {
  try {
    return Object.getPrototypeOf(value) as object | null;
  } catch {
    return null;
  }
}
