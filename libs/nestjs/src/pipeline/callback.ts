import { isObservable, lastValueFrom } from 'rxjs';

export type Method = (this: unknown, ...args: unknown[]) => unknown;

/**
 * Stands in for a method: has its name and its metadata, so that guards, interceptors and everything else that looks at
 * `context.getHandler()` finds what is tied to the method.
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
 * The handler's method, remembering what it throws: the same exception means one thing from a guard and another from
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
 * What an Observable comes to: one that completes without a value is done all the same. Anything else is left as it is: to
 * make a promise of it takes as long as a short handler.
 */
export function lastValue(result: unknown): unknown {
  return isObservable(result) ? lastValueFrom(result, { defaultValue: undefined }) : result;
}
