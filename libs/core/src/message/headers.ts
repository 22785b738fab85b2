import { InvalidMessageError, UndecodableError, show } from '../errors.js';
import type { MessageLimits } from './limits.js';
import { assertBytes } from './payload.js';

/** What travels beside the payload, such as a trace context. Names and values are strings. */
export type MessageHeaders = Readonly<Record<string, string>>;

export const NO_HEADERS: MessageHeaders = Object.freeze({});

/**
 * The headers as stored, or `''` when there are none, so that a message without headers does not pay for them.
 *
 * @throws {InvalidMessageError} if a value is not a string
 * @throws {MessageTooLargeError} past `limits.headerBytes`
 */
export function encodeHeaders(headers: MessageHeaders | undefined, limits: MessageLimits): string {
  if (headers === undefined) return '';
  const names = Object.keys(headers);
  if (names.length === 0) return '';
  for (const name of names) {
    if (typeof headers[name] !== 'string') {
      throw new InvalidMessageError(
        `Header ${show(name)} is ${show(headers[name])}; a header's value is a string.`,
      );
    }
  }
  const json = JSON.stringify(headers);
  assertBytes('headers', json, limits.headerBytes);
  return json;
}

/** @throws {UndecodableError} if it is not a JSON object of strings */
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
