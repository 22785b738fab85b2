/** A method with `@VerifiedWebhook`, by the prototype and the name under which it was declared. */
interface Declared {
  readonly name: string;
  readonly method: object;
}

const KEY = Symbol.for('leanmq:verified-webhooks');

/** One for all copies of this package in the process. */
function declared(): WeakMap<object, Declared[]> {
  const holder = globalThis as { [KEY]?: WeakMap<object, Declared[]> | undefined };
  holder[KEY] ??= new WeakMap();
  return holder[KEY];
}

export function noteDeclared(prototype: object, name: string, method: object): void {
  const others = declared().get(prototype) ?? [];
  declared().set(prototype, [...others, { name, method }]);
}

/** Names of the methods that a class declares, and that another decorator has since replaced. */
export function replacedIn(prototype: object, isVerified: (method: unknown) => boolean): string[] {
  return (declared().get(prototype) ?? [])
    .filter(({ name }) => !isVerified(Reflect.get(prototype, name)))
    .map(({ name }) => name);
}
