import 'reflect-metadata';

/**
 * Names under which Nest keeps metadata. It exports them too, but under different paths in versions 11 and 12; the names
 * themselves have been the same since Nest 5.
 */

/** How each parameter of a method gets its value. */
export const ROUTE_ARGS = '__routeArguments__';
/** Marks providers that are called from outside, to which Nest then ties request-scoped global guards and the like. */
export const ENTRY_PROVIDER = '__entryProvider__';
export const SCOPE_OPTIONS = 'scope:options';
export const EXCEPTION_FILTERS = '__exceptionFilters__';
export const PIPES = '__pipes__';
/** TypeScript's own, with `emitDecoratorMetadata`. */
export const PARAMETER_TYPES = 'design:paramtypes';
/** What a filter class catches. */
export const CAUGHT_EXCEPTIONS = '__filterCatchExceptions__';
/** Everything that can be tied to a class or a method. */
export const ENHANCERS = ['__guards__', '__interceptors__', PIPES, EXCEPTION_FILTERS] as const;

/** Nest's number for the body of a request: pipes see `type: 'body'` and treat a payload as they would one. */
export const BODY = 3;
/** Not a number of Nest's: pipes see `type: 'custom'`, which `ValidationPipe` leaves alone. */
export const DELIVERY = 1_000;
