import 'reflect-metadata';

const MARK = 'leanmq:raw-body';
/** Name under which Nest keeps what `@RouteConfig()` of its Fastify adapter says, and hands it to the route. */
const FASTIFY_CONFIG = '__fastify_route_config__';

/** A route whose body is kept as it came. */
export interface RawBodyMark {
  readonly maxBytes: number;
}

/** Marks a method, so that the route that Nest makes of it keeps its raw body. */
export function markRawBody(method: object, mark: RawBodyMark): void {
  Reflect.defineMetadata(MARK, mark, method);
  const config = Reflect.getMetadata(FASTIFY_CONFIG, method) as object | undefined;
  Reflect.defineMetadata(FASTIFY_CONFIG, { ...config, [MARK]: mark }, method);
}

/** Nest copies the metadata of a method to the handler that it gives to the adapter. */
export function rawBodyMarkOf(handler: unknown): RawBodyMark | undefined {
  if (typeof handler !== 'function') return undefined;
  return Reflect.getMetadata(MARK, handler) as RawBodyMark | undefined;
}

/** The mark of a Fastify route by its `config`. */
export function markInConfig(config: unknown): RawBodyMark | undefined {
  return (Object(config) as Record<string, RawBodyMark | undefined>)[MARK];
}

/** Returns true when Fastify will see the mark; another `@RouteConfig()` above replaces it. */
export function hasFastifyMark(method: object): boolean {
  return markInConfig(Reflect.getMetadata(FASTIFY_CONFIG, method)) !== undefined;
}
