import { show } from '@leanmq/core/internal';

import { WebhookConfigError } from '../webhook-config-error.js';
import { malformed, missing } from './verification-error.js';

/** Headers as Node, Express, Fastify or `fetch` give them; names in any case. */
export type RequestHeaders =
  Headers | Readonly<Record<string, string | readonly string[] | undefined>>;

/** A request whose sender is to be proved. */
export interface WebhookRequest {
  readonly headers: RequestHeaders;
  /** The body as it came, byte for byte: never parsed and serialised, never a text. */
  readonly body: Uint8Array;
  /** The URL that the sender called, where the scheme signs it (Twilio, Square). */
  readonly url?: string;
}

/** A proved request. */
export interface WebhookVerification {
  /** The sender's id of the event, the same when it is sent again; or undefined. */
  readonly id: string | undefined;
  /** When it was sent, seconds since 1970; undefined where the sender signs no time. */
  readonly timestamp: number | undefined;
  /** Place in `secrets` of the one that fits. */
  readonly secretIndex: number;
}

/** A request with its headers by name in small letters. */
export interface ReadRequest {
  readonly headers: ReadonlyMap<string, string | readonly string[]>;
  readonly body: Buffer;
  readonly url: string;
}

/** @throws {WebhookConfigError} for a body that was parsed or is missing */
export function readRequest({ headers, body, url }: WebhookRequest): ReadRequest {
  if (!(body instanceof Uint8Array)) {
    throw new WebhookConfigError(
      'WEBHOOK_BODY_INVALID',
      'body',
      `The body is ${show(body)}; give its bytes (a Buffer) as they came: one that was parsed, or read as a text, may have other bytes.`,
    );
  }
  if (typeof headers !== 'object' || (headers as unknown) === null) {
    throw new WebhookConfigError(
      'WEBHOOK_OPTION_INVALID',
      'headers',
      `The headers are ${show(headers)}; give the headers of the request.`,
    );
  }
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  return { headers: byName(headers), body: bytes, url: url ?? '' };
}

/** @throws {WebhookVerificationError} `missing` or `malformed` unless it is there once */
export function headerOf(request: ReadRequest, name: string): string {
  const value = optionalHeader(request, name);
  if (value === undefined) throw missing(name);
  return value;
}

/** @throws {WebhookVerificationError} `malformed` if it is there several times */
export function optionalHeader({ headers }: ReadRequest, name: string): string | undefined {
  const value = headers.get(name);
  if (value === undefined || value === '') return undefined;
  if (typeof value === 'string') return value;
  if (value.length === 1) return value[0];
  throw malformed(`Header "${name}" is there ${value.length} times.`);
}

/** Looks for a header that must never refuse: ids and the like. */
export function anyHeader(request: ReadRequest, ...names: string[]): string | undefined {
  for (const name of names) {
    const value = request.headers.get(name);
    if (typeof value === 'string' && value !== '') return value;
  }
  return undefined;
}

function byName(headers: RequestHeaders): Map<string, string | readonly string[]> {
  // Another realm's, or a library's, counts as well.
  const entries: Iterable<[string, string | readonly string[] | undefined]> =
    typeof (headers as Partial<Headers>).entries === 'function'
      ? (headers as Headers).entries()
      : Object.entries(headers);
  const found = new Map<string, string | readonly string[]>();
  for (const [name, value] of entries) {
    if (value === undefined) continue;
    found.set(name.toLowerCase(), typeof value === 'object' ? value.map(String) : value);
  }
  return found;
}
