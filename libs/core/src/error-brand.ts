// The same in every copy of the package in a process: of its ESM and its CommonJS build, or of two installed versions.
const BRAND = Symbol.for('@leanmq/core:error');

type AnyClass = abstract new (...given: never[]) => object;

/**
 * Names a class of errors for all copies of the package.
 *
 * @param name that of the class as written: a bundler may give the class another
 */
export function brand({ prototype }: AnyClass, name: string): void {
  Object.defineProperty(prototype, BRAND, { value: name });
}

/** The name that a class was branded with. */
export function brandOf(type: AnyClass): unknown {
  const { prototype } = type as { prototype?: object };
  return prototype === undefined ? undefined : ownBrandOf(prototype);
}

/**
 * Decides `value instanceof type` by brands: an error of another copy counts too. For a class without one, such as a
 * user's own that extends one of ours, prototypes decide as usual.
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

// What was thrown may be a Proxy that refuses any look at it.
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
