import { AsyncResource } from 'node:async_hooks';
import type { IncomingMessage, ServerResponse } from 'node:http';

import { unavailable } from './unavailable.js';
import { keepRawBody, rawBodyOf } from './raw-bodies.js';
import { rawBodyMarkOf, type RawBodyMark } from './raw-body-mark.js';
import { readBody } from './read-body.js';

type Next = (error?: unknown) => void;
type Middleware = (request: ExpressRequest, response: ServerResponse, next: Next) => void;
interface ExpressRequest extends IncomingMessage {
  readonly path: string;
  readonly body?: unknown;
}

/** An entry of Express' router: a middleware, or a route with its handlers. */
interface Layer {
  readonly name: string;
  readonly handle?: { readonly name?: string };
  readonly route?: {
    readonly path: unknown;
    readonly methods: Readonly<Record<string, boolean | undefined>>;
    readonly stack: readonly { readonly handle: unknown }[];
  };
  match(path: string): unknown;
}

interface ExpressApplication {
  readonly router?: { readonly stack?: Layer[] };
  use(middleware: Middleware): unknown;
}

const PARSERS: ReadonlySet<string> = new Set([
  'jsonParser',
  'urlencodedParser',
  'textParser',
  'rawParser',
]);

/**
 * Has marked routes of an Express application keep their raw bodies. A middleware before the body parsers reads them;
 * the parsers leave a body alone that was read.
 *
 * @returns the marks of the routes that there are
 * @throws {WebhookConfigError} RAW_BODY_UNAVAILABLE
 */
export function captureOnExpress(application: ExpressApplication): Set<RawBodyMark> {
  const stack = application.router?.stack;
  if (!Array.isArray(stack)) {
    throw unavailable('the router of this Express application is not known (Express 5 is)');
  }
  const routes = stack.filter(({ route }) => route !== undefined);
  const marked = routes.filter((layer) => markOf(layer) !== undefined);
  for (const layer of marked) assertAlone(layer, routes);
  if (marked.length > 0) {
    application.use(rawBodyCapture(stack, marked));
    // Added last, but needed before whatever reads bodies.
    const layer = stack.pop() as Layer;
    const before = stack.findIndex(({ route, name }) => route !== undefined || PARSERS.has(name));
    stack.splice(before === -1 ? stack.length : before, 0, layer);
  }
  return new Set(marked.map((layer) => markOf(layer) as RawBodyMark));
}

function rawBodyCapture(stack: readonly Layer[], marked: readonly Layer[]): Middleware {
  return function leanmqRawBody(request, _response, next) {
    const mark = markFor(request, stack, marked);
    if (mark === undefined || rawBodyOf(request) !== undefined) return next();
    // Read by somebody else before: the guard says so.
    if (request.body !== undefined || request.readableEnded) return next();
    // What middlewares before this one keep for the request is there behind it as well.
    const resume = AsyncResource.bind(next);
    readBody(request, request, mark.maxBytes).then(
      (body) => {
        keepRawBody(request, body);
        resume();
      },
      (error: unknown) => resume(error),
    );
  };
}

/** The first route that matches is the one that Express runs. */
function markFor(
  request: ExpressRequest,
  stack: readonly Layer[],
  marked: readonly Layer[],
): RawBodyMark | undefined {
  const matches = (layer: Layer): boolean =>
    takesMethod(layer, request.method ?? '') && Boolean(layer.match(request.path));
  if (!marked.some(matches)) return undefined;
  const first = stack.find((layer) => layer.route !== undefined && matches(layer));
  return first && markOf(first);
}

function takesMethod({ route }: Layer, method: string): boolean {
  const { methods = {} } = route ?? {};
  return methods['_all'] === true || methods[method.toLowerCase()] === true;
}

function markOf({ route }: Layer): RawBodyMark | undefined {
  for (const { handle } of route?.stack ?? []) {
    const mark = rawBodyMarkOf(handle);
    if (mark !== undefined) return mark;
  }
  return undefined;
}

/** A header that chooses between two handlers of a path is looked at too late: the body is read before. */
function assertAlone(layer: Layer, routes: readonly Layer[]): void {
  const methods = Object.keys(layer.route?.methods ?? {});
  const other = routes.find(
    (each) =>
      each.route?.path === layer.route?.path &&
      markOf(each) === undefined &&
      methods.some((method) => takesMethod(each, method)),
  );
  if (other === undefined) return;
  throw unavailable(
    `${String(layer.route?.path)} has a second handler that needs the parsed body; give one of them another path`,
  );
}
