import { ConfigError } from '@leanmq/core';

/**
 * Ensures that a decorator is on something that Nest can call on an instance.
 *
 * @param decorator name with its at sign, for the message
 * @throws {ConfigError} naming class and member
 */
export function assertMethod(
  decorator: string,
  target: unknown,
  member: unknown,
  descriptor: unknown,
): void {
  const wrong = fault(decorator, target, member, descriptor);
  if (wrong !== undefined) throw new ConfigError(wrong, { code: 'DECORATOR_MISPLACED' });
}

/**
 * Ensures that a decorator was written with parentheses. Without them it would receive the class or the prototype, and
 * silently do nothing or replace what it is on.
 *
 * @param decorator name with its at sign, for the message
 * @throws {ConfigError} naming class and member
 */
export function assertCalled(decorator: string, given: readonly unknown[]): void {
  const [target, member] = given;
  const isOnClass = given.length === 1 && typeof target === 'function';
  const isOnMember = given.length >= 2 && given.length <= 3 && isPrototype(target);
  if (!isOnClass && !(isOnMember && ['string', 'symbol'].includes(typeof member))) return;
  const where = isOnClass ? nameOf(target) : `${nameOf(target)}.${String(member)}`;
  throw new ConfigError(
    `${decorator} on ${where} is not called; write it with parentheses, ${decorator}(…).`,
    { code: 'DECORATOR_MISPLACED' },
  );
}

/** Name of the class; for a static member the target is the class itself. */
function isPrototype(target: unknown): boolean {
  if (typeof target === 'function') return true;
  return Object(target) === target && Object.hasOwn(target as object, 'constructor');
}

function fault(
  decorator: string,
  target: unknown,
  given: unknown,
  descriptor: unknown,
): string | undefined {
  if (isStandardContext(given)) {
    return `${decorator} on "${String(given.name)}" is compiled as a standard decorator, which Nest does not know; set "experimentalDecorators" and "emitDecoratorMetadata" in tsconfig.json.`;
  }
  const member = given as string | symbol | undefined;
  if (member === undefined) {
    return `${decorator} is on ${nameOf(target)} itself; put it on the method that handles the path.`;
  }
  const name = String(member);
  const where = `${nameOf(target)}.${name}`;
  const remedy = `write it as a method of the class, ${name}(payload) { … }`;
  if (typeof descriptor === 'number') {
    return `${decorator} is on a parameter of ${where}; put it on the method.`;
  }
  if (typeof target === 'function') {
    return `${where} has ${decorator} but is static, and handlers are called on the instance that Nest creates; remove "static".`;
  }
  if (typeof member === 'symbol') {
    return `${where} has ${decorator}, but Nest finds methods by name and a symbol is not one; give it a name.`;
  }
  const property = Object(descriptor) as PropertyDescriptor;
  if (property.get !== undefined || property.set !== undefined) {
    return `${where} has ${decorator} but is a getter or setter; ${remedy}.`;
  }
  if (typeof property.value !== 'function') {
    return `${where} has ${decorator} but is a property, whose function is created with each instance; ${remedy}.`;
  }
  return undefined;
}

/** Second argument of a standard ECMAScript decorator. */
function isStandardContext(given: unknown): given is { readonly name: unknown } {
  return typeof given === 'object' && given !== null && 'kind' in given;
}

function nameOf(target: unknown): string {
  const type: unknown =
    typeof target === 'function' ? target : (target as { constructor?: unknown }).constructor;
  return typeof type === 'function' && type.name !== '' ? type.name : 'A class without a name';
}
