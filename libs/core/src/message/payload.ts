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
 * Turns a payload into the JSON that is stored. Conversions are those of `JSON.stringify` where they lose nothing: a
 * Date becomes its ISO string, an object with `toJSON` what that returns, a class instance its own enumerable
 * properties, and an object's undefined properties are left out.
 *
 * @throws {InvalidMessageError} for what JSON would lose silently or cannot hold: undefined as the payload or in an
 * array, BigInt, NaN, Infinity, functions, symbols, Map, Set, buffers and typed arrays, Promises, invalid Dates, Errors,
 * regular expressions, and instances that hold something but have no properties of their own (Headers, URLSearchParams,
 * Blob, Request, iterators …); and when a getter or a `toJSON` throws
 * @throws {MessageTooLargeError} past `limits.payloadBytes` or `limits.depth` (a cycle is endless depth)
 */
export function encodePayload(data: unknown, limits: MessageLimits): string {
  const json = written(data, limits);
  if (json === undefined) throw new InvalidMessageError('The payload is undefined as JSON.');
  assertBytes('payload', json, limits.payloadBytes);
  return json;
}

/** Undefined for what is undefined as JSON, which the type of JSON.stringify does not tell. */
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

/** What V8 says when a text would be too long, or the stack too deep; limits far above the default lead there. */
const BEYOND_V8 = /^(Invalid string length|Maximum call stack size exceeded)$/;

/** A getter, a `toJSON` or a Proxy of the caller's may throw anything. */
function unwritable(cause: unknown): MessageError {
  const { name, message } = recordError(cause);
  if (name === 'RangeError' && BEYOND_V8.test(message)) {
    return new MessageTooLargeError(`The payload is too large to be written as JSON: ${message}.`);
  }
  return new InvalidMessageError(`The payload cannot be written as JSON: ${message}`, { cause });
}

/** @throws {UndecodableError} if it is not JSON */
export function decodePayload(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new UndecodableError(`The payload is not JSON: ${(cause as Error).message}`, { cause });
  }
}

/** @throws {MessageTooLargeError} if the text is more than `limit` bytes of UTF-8 */
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
