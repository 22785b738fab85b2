/** Method with `@OnWebhook` or `@OnWebhookBatch`, by its declaring prototype and name. */
export interface DeclaredHandler {
  readonly path: string;
  readonly declaredBy: object;
  readonly declaredAs: string;
  /** Function that the decorator was applied to. */
  readonly method: object;
}

interface Declarations {
  /** Handlers by prototype. */
  readonly handlers: WeakMap<object, DeclaredHandler[]>;
  /** Weak references to the prototypes. */
  readonly prototypes: Set<WeakRef<object>>;
  /** Prototypes that an application of this process has provided, or that a warning has named. */
  readonly known: WeakSet<object>;
  /** Number of applications created by this process. */
  applications: number;
}

const KEY = Symbol.for('leanmq:declared-handlers');

/** Shared by all copies of this package: a class may be decorated by the ESM build and found by the CommonJS one. */
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

/** Returns the handlers that a class declares itself. */
export function declaredOn(prototype: object): readonly DeclaredHandler[] {
  return declarations().handlers.get(prototype) ?? [];
}

/** Records that an application provides a class, so that no other application of the process reports it. */
export function markKnown(prototype: object): void {
  declarations().known.add(prototype);
}

export function countApplication(): void {
  declarations().applications += 1;
}

export function isOnlyApplication(): boolean {
  return declarations().applications === 1;
}

/** Returns the handlers of classes that no application of this process has provided so far. */
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
