import 'reflect-metadata';

/**
 * Keys of Nest's metadata. Nest exports them from different paths in versions 11 and 12; the keys themselves have not changed
 * since Nest 5.
 */

/** Sources of a method's parameters. */
export const ROUTE_ARGS = '__routeArguments__';
/** Marks providers that are called from outside; Nest binds request-scoped global enhancers to them. */
export const ENTRY_PROVIDER = '__entryProvider__';
export const SCOPE_OPTIONS = 'scope:options';
export const EXCEPTION_FILTERS = '__exceptionFilters__';
export const PIPES = '__pipes__';
/** Parameter types that TypeScript emits with `emitDecoratorMetadata`. */
export const PARAMETER_TYPES = 'design:paramtypes';
/** Exceptions that a filter class catches. */
export const CAUGHT_EXCEPTIONS = '__filterCatchExceptions__';
/** Enhancers that can be bound to a class or a method. */
export const ENHANCERS = ['__guards__', '__interceptors__', PIPES, EXCEPTION_FILTERS] as const;

/** Nest's parameter type of a request body: pipes see `type: 'body'` and treat the payload like one. */
export const BODY = 3;
/** Parameter type that Nest does not use: pipes see `type: 'custom'`, which `ValidationPipe` ignores. */
export const DELIVERY = 1_000;
