/** A method that has `@OnWebhook` or `@OnWebhookBatch`, by the prototype and the name under which it was declared. */
export interface DeclaredHandler {
  readonly path: string;
  readonly declaredBy: object;
  readonly declaredAs: string;
  /** The method as the decorator saw it. */
  readonly method: object;
}

interface Declarations {
  /** Of each prototype its handlers. */
  readonly handlers: WeakMap<object, DeclaredHandler[]>;
  /** The prototypes, as long as somebody else holds their classes. */
  readonly prototypes: Set<WeakRef<object>>;
  /** Prototypes that an application of this process has provided, and those that were warned about. */
  readonly known: WeakSet<object>;
  /** Applications that this process has made so far. */
  applications: number;
}

const KEY = Symbol.for('leanmq:declared-handlers');

/** One for all copies of this package in the process: a class may be decorated by the ESM build, and found by the other. */
function declarations(): Declarations {
  const holder = globalThis as { [KEY]?: Declarations | undefined };
  holder[KEY] ??= {
    handlers: new WeakMap(),
    prototypes: new Set(),
    known: new WeakSet(),
    applications: 0,
  };
  return holder[KEY];
}

export function noteHandler(handler: DeclaredHandler): void {
  const { handlers, prototypes } = declarations();
  const others = handlers.get(handler.declaredBy);
  if (others === undefined) prototypes.add(new WeakRef(handler.declaredBy));
  handlers.set(handler.declaredBy, [...(others ?? []), handler]);
}

/** The handlers that a class declares itself. */
export function declaredOn(prototype: object): readonly DeclaredHandler[] {
  return declarations().handlers.get(prototype) ?? [];
}

/** Remembers that an application provides a class, so that no other one of the process misses it. */
export function markKnown(prototype: object): void {
  declarations().known.add(prototype);
}

export function countApplication(): void {
  declarations().applications += 1;
}

export function isOnlyApplication(): boolean {
  return declarations().applications === 1;
}

/** Handlers of classes that no application of this process has provided so far. */
export function unknownHandlers(): DeclaredHandler[] {
  const { handlers, prototypes, known } = declarations();
  const unknown: DeclaredHandler[] = [];
  for (const reference of prototypes) {
    const prototype = reference.deref();
    if (prototype === undefined) prototypes.delete(reference);
    else if (!known.has(prototype)) unknown.push(...(handlers.get(prototype) ?? []));
  }
  return unknown;
}
