import { AsyncResource } from 'node:async_hooks';

const make = (): AsyncResource => new AsyncResource('LeanMQ');
// Made when the package is loaded, before there is a request. Only `make` ever runs in it: up to Node 22, `enterWith` changes
// the resource that it is called in, and would reach everybody who comes later.
const empty = make();

/**
 * Calls a function in an async context of its own: it sees no `AsyncLocalStorage` of its caller, and what it enters is seen
 * by nobody but itself and what it starts. For all code of users that is called on behalf of a message or of nobody, and for
 * whatever outlives the call that started it. Costs about 0.15 µs.
 */
export function inOwnContext<Args extends unknown[], Result>(
  fn: (...args: Args) => Result,
  ...args: Args
): Result {
  return empty.runInAsyncScope(make).runInAsyncScope(fn, undefined, ...args);
}
