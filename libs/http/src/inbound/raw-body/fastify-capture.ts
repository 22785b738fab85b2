import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';

import { keepRawBody } from './raw-bodies.js';
import { markInConfig } from './raw-body-mark.js';
import { readBody } from './read-body.js';
import { unavailable } from './unavailable.js';

interface FastifyRequest {
  readonly raw: IncomingMessage;
  readonly routeOptions?: { readonly config?: unknown };
}

interface FastifyInstance {
  addHook(
    name: 'preParsing',
    hook: (request: FastifyRequest, reply: unknown, payload: Readable) => Promise<Readable>,
  ): unknown;
  addContentTypeParser(
    type: string,
    parser: (request: FastifyRequest, payload: Readable, done: (error: null) => void) => void,
  ): unknown;
}

/** Stands in for the content type of a marked request, so that no parser touches it before it is verified. */
const TAKEN = 'application/x-leanmq-raw';

const contentTypes = new WeakMap<IncomingMessage, string | undefined>();

/**
 * Has marked routes of a Fastify application keep their raw bodies.
 *
 * @throws {WebhookConfigError} RAW_BODY_UNAVAILABLE
 */
export function captureOnFastify(instance: FastifyInstance): void {
  try {
    instance.addContentTypeParser(TAKEN, (request, _payload, done) => {
      restoreContentType(request.raw);
      done(null);
    });
    instance.addHook('preParsing', async (request, _reply, payload) => {
      const mark = markInConfig(request.routeOptions?.config);
      if (mark === undefined) return payload;
      const { raw } = request;
      const body = await readBody(raw, payload, mark.maxBytes);
      keepRawBody(raw, body);
      contentTypes.set(raw, raw.headers['content-type']);
      raw.headers['content-type'] = TAKEN;
      // For a parser that was chosen before; ours does not look at it.
      return Object.assign(Readable.from([body], { objectMode: false }), {
        receivedEncodedLength: body.length,
      });
    });
  } catch (cause) {
    throw unavailable('Fastify takes no hooks any more; it was made ready too early', { cause });
  }
}

/** Gives a request the content type that it came with. */
export function restoreContentType(request: IncomingMessage): void {
  if (request.headers['content-type'] !== TAKEN) return;
  const type = contentTypes.get(request);
  if (type === undefined) delete request.headers['content-type'];
  else request.headers['content-type'] = type;
}
