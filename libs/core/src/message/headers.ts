import { InvalidMessageError, UndecodableError, show } from '../errors.js';
import type { MessageLimits } from './limits.js';
import { assertBytes } from './payload.js';

/** Headers of a message, such as a trace context. Names and values are strings. */
export type MessageHeaders = Readonly<Record<string, string>>;

export const NO_HEADERS: MessageHeaders = Object.freeze({});

/**
 * Encodes headers for storage; returns `''` when a message has no headers, which then cost nothing.
 *
 * @throws {InvalidMessageError} unless `headers` is an object whose values are strings
 * @throws {MessageTooLargeError} above `limits.headerBytes`
 */
export function encodeHeaders(headers: MessageHeaders | undefined, limits: MessageLimits): string {
  if (headers === undefined) return '';
  const entries = entriesOf(headers);
  if (entries.length === 0) return '';
  for (const [name, value] of entries) {
    if (typeof value !== 'string') {
      throw new InvalidMessageError(
        `Header ${show(name)} is ${show(value)}; a header's value must be a string.`,
      );
    }
  }
  // Copy the entries, so a `toJSON` of the caller's object cannot change what is stored.
  const json = JSON.stringify(Object.fromEntries(entries));
  assertBytes('headers', json, limits.headerBytes);
  return json;
}

function entriesOf(headers: unknown): [name: string, value: unknown][] {
  try {
    // An iterable (an array, a Map, fetch's Headers) does not hold its content in its own properties.
    if (typeof headers === 'object' && headers !== null && !(Symbol.iterator in headers)) {
      return Object.entries(headers);
    }
  } catch (cause) {
    throw new InvalidMessageError('The headers cannot be read: a getter or a Proxy throws.', {
      cause,
    });
  }
  throw new InvalidMessageError(`The headers are ${show(headers)}; give an object of strings.`);
}

/** @throws {UndecodableError} if `json` is not a JSON object of strings */
export function decodeHeaders(json: string | undefined): MessageHeaders {
  if (json === undefined) return NO_HEADERS;
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch (cause) {
    throw new UndecodableError('The headers are not JSON.', { cause });
  }
  const isRecord = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
  if (!isRecord || Object.values(parsed as object).some((value) => typeof value !== 'string')) {
    throw new UndecodableError('The headers are not an object of strings.');
  }
  return parsed as MessageHeaders;
}
