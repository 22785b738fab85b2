import { isObservable, lastValueFrom } from 'rxjs';

export type Method = (this: unknown, ...args: unknown[]) => unknown;

/**
 * Copies a method's name and metadata to a stand-in, so that `context.getHandler()` shows guards and interceptors the metadata
 * of the method.
 */
export function standIn<Replacement extends Method>(
  method: Method,
  replacement: Replacement,
): Replacement {
  Object.defineProperty(replacement, 'name', { value: method.name });
  for (const key of Reflect.getMetadataKeys(method) as unknown[]) {
    Reflect.defineMetadata(key, Reflect.getMetadata(key, method), replacement);
  }
  return replacement;
}

/**
 * Calls the handler's method and remembers its exceptions: the same exception has a different meaning from a guard than from
 * the handler.
 */
export class Callback {
  readonly run: Method;
  private readonly own = new WeakSet();

  constructor(method: Method) {
    const { own } = this;
    this.run = standIn(method, async function (this: unknown, ...args: unknown[]) {
      try {
        const result = await method.apply(this, args);
        return isObservable(result) ? await lastValue(result) : result;
      } catch (error) {
        if (typeof error === 'object' && error !== null) own.add(error);
        throw error;
      }
    });
  }

  threw(error: unknown): boolean {
    return typeof error === 'object' && error !== null && this.own.has(error);
  }
}

/**
 * Resolves an Observable to its last value; completing without a value is a success. Other values are returned as they are,
 * because creating a promise takes as long as a short handler.
 */
export function lastValue(result: unknown): unknown {
  return isObservable(result) ? lastValueFrom(result, { defaultValue: undefined }) : result;
}
