import {
  InvalidMessageError,
  MessageTooLargeError,
  UndecodableError,
  type MessageError,
} from '../errors.js';
import { recordError } from './error-record.js';
import type { MessageLimits } from './limits.js';
import { findUnwritable } from './unwritable.js';

/**
 * Encodes a payload as the JSON that is stored. Conversions are those of `JSON.stringify` where nothing is lost: a Date
 * becomes its ISO string, an object with `toJSON` becomes its result, a class instance becomes its own enumerable
 * properties, and undefined properties are omitted.
 *
 * @throws {InvalidMessageError} for values that JSON would lose silently or cannot hold: undefined as the payload or in an
 * array, BigInt, NaN, Infinity, functions, symbols, Map, Set, buffers and typed arrays, Promises, invalid Dates, Errors,
 * regular expressions, and instances with content but without own properties (Headers, URLSearchParams, Blob, Request,
 * iterators …); also when a getter or a `toJSON` throws
 * @throws {MessageTooLargeError} above `limits.payloadBytes` or `limits.depth` (a cycle has infinite depth)
 */
export function encodePayload(data: unknown, limits: MessageLimits): string {
  const json = written(data, limits);
  if (json === undefined) throw new InvalidMessageError('The payload is undefined as JSON.');
  assertBytes('payload', json, limits.payloadBytes);
  return json;
}

/** Returns undefined when the JSON is undefined, which the type of JSON.stringify hides. */
function written(data: unknown, limits: MessageLimits): string | undefined {
  let problem: MessageError | undefined;
  try {
    problem = findUnwritable(data, limits);
    if (problem === undefined) return JSON.stringify(data);
  } catch (cause) {
    problem = unwritable(cause);
  }
  throw problem;
}

/** Matches V8's errors for a string too long or a stack too deep; they occur with limits far above the defaults. */
const BEYOND_V8 = /^(Invalid string length|Maximum call stack size exceeded)$/;

/** Makes the error for whatever a getter, a `toJSON` or a Proxy of the caller threw. */
function unwritable(cause: unknown): MessageError {
  const { name, message } = recordError(cause);
  if (name === 'RangeError' && BEYOND_V8.test(message)) {
    return new MessageTooLargeError(`The payload is too large to be written as JSON: ${message}.`);
  }
  return new InvalidMessageError(`The payload cannot be written as JSON: ${message}`, { cause });
}

/** @throws {UndecodableError} if `json` is not valid JSON */
export function decodePayload(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new UndecodableError(`The payload is not JSON: ${(cause as Error).message}`, { cause });
  }
}

/** @throws {MessageTooLargeError} if `text` has more than `limit` bytes of UTF-8 */
export function assertBytes(what: string, text: string, limit: number): void {
  // A UTF-16 unit is at most three bytes, so most texts are known to fit without counting.
  if (text.length * 3 <= limit) return;
  const bytes = Buffer.byteLength(text);
  if (bytes > limit) {
    throw new MessageTooLargeError(
      `The ${what} is ${bytes} bytes; the limit is ${limit}. Send a reference instead, or raise it in "limits".`,
    );
  }
}
