import type { IncomingHttpHeaders } from 'node:http';

import { nodeRequestOf, rawBodyOf, restoreContentType, unavailable } from './raw-body/index.js';

/** A request as functions of the application see it before it is verified; the same on Express and Fastify. */
export interface InboundRequest {
  readonly method: string;
  /** Path and query, as they were called. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, unknown>>;
  /** The body as it came. */
  readonly body: Buffer;
  /** The request of Express or Fastify itself. */
  readonly original: unknown;
}

interface FrameworkRequest {
  readonly method: string;
  readonly url: string;
  readonly originalUrl?: string;
  readonly headers: IncomingHttpHeaders;
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, unknown>>;
}

/** @throws {WebhookConfigError} RAW_BODY_UNAVAILABLE if something has read the body before */
export function inboundRequest(original: unknown): InboundRequest {
  restoreContentType(nodeRequestOf(original));
  const body = rawBodyOf(original);
  if (body === undefined) {
    throw unavailable(
      'something has read the body of this request before, such as a parser of the application that this one is part of; let it come first, or keep the bytes as `request.rawBody` there',
    );
  }
  const {
    method,
    url,
    originalUrl,
    headers,
    params = {},
    query = {},
  } = original as FrameworkRequest;
  return { method, url: originalUrl ?? url, headers, params, query, body, original };
}
