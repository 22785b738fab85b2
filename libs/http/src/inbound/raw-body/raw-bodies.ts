import type { IncomingMessage } from 'node:http';

/** Bodies as they came, as long as their requests are there. */
const bodies = new WeakMap<IncomingMessage, Buffer>();

/** Node's request behind one of Express, which is the same object, or of Fastify. */
export function nodeRequestOf(request: unknown): IncomingMessage {
  const { raw } = request as { readonly raw?: IncomingMessage };
  return raw ?? (request as IncomingMessage);
}

export function keepRawBody(request: IncomingMessage, body: Buffer): void {
  bodies.set(request, body);
}

/** The body of a request as it came; undefined if nobody has kept it. */
export function rawBodyOf(request: unknown): Buffer | undefined {
  const kept = bodies.get(nodeRequestOf(request));
  if (kept !== undefined) return kept;
  // Nest's own option `rawBody`, or a platform that has read the body before (functions of a cloud).
  const { rawBody } = request as { readonly rawBody?: unknown };
  return Buffer.isBuffer(rawBody) ? rawBody : undefined;
}
