import { types } from 'node:util';

import { InvalidMessageError, MessageTooLargeError, UndecodableError } from '../errors.js';
import type { MessageLimits } from './limits.js';

/**
 * Turns a payload into the JSON that is stored. Conversions are those of `JSON.stringify` where they lose nothing: a
 * Date becomes its ISO string, an object with `toJSON` what that returns, a class instance its own enumerable
 * properties, and an object's undefined properties are left out.
 *
 * @throws {InvalidMessageError} for what JSON would lose silently or cannot hold: undefined as the payload or in an
 * array, BigInt, NaN, Infinity, functions, symbols, Map, Set, buffers and typed arrays
 * @throws {MessageTooLargeError} past `limits.payloadBytes` or `limits.depth` (a cycle is endless depth)
 */
export function encodePayload(data: unknown, limits: MessageLimits): string {
  const problem = findProblem(data, limits.depth);
  if (problem !== undefined) throw problem.toError(limits);
  let json: string | undefined;
  try {
    json = toJson(data);
  } catch (cause) {
    throw new InvalidMessageError(
      `The payload cannot be written as JSON: ${(cause as Error).message}`,
      { cause },
    );
  }
  if (json === undefined) throw new InvalidMessageError('The payload is undefined as JSON.');
  assertBytes('payload', json, limits.payloadBytes);
  return json;
}

/** Undefined for what is undefined as JSON, which its type does not tell. */
function toJson(data: unknown): string | undefined {
  return JSON.stringify(data);
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

class Problem {
  private path = '';

  constructor(private readonly what: string) {}

  within(step: string): this {
    // A cycle would give a path of `depth` steps; the first few tell where it begins.
    this.path = step + (this.path.length > 120 ? '…' : this.path);
    return this;
  }

  toError(limits: MessageLimits): InvalidMessageError | MessageTooLargeError {
    const at = `payload${this.path}`;
    return this.what === 'depth'
      ? new MessageTooLargeError(
          `${at} is nested deeper than ${limits.depth} levels, or refers to itself; the limit is "limits.depth".`,
        )
      : new InvalidMessageError(`${at} is ${this.what}, which JSON cannot carry.`);
  }
}

function findProblem(value: unknown, depthLeft: number): Problem | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return undefined;
    case 'number':
      return Number.isFinite(value) ? undefined : new Problem(String(value));
    case 'object':
      return value === null ? undefined : findProblemInObject(value, depthLeft);
    default:
      return new Problem(typeof value === 'bigint' ? 'a BigInt' : typeof value);
  }
}

function findProblemInObject(value: object, depthLeft: number): Problem | undefined {
  if (depthLeft === 0) return new Problem('depth');
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      const found = findProblem(value[index], depthLeft - 1);
      if (found !== undefined) return found.within(`[${index}]`);
    }
    return undefined;
  }
  const unsupported = binaryOrCollection(value);
  if (unsupported !== undefined) return new Problem(unsupported);
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') {
    return types.isDate(value) && Number.isNaN(value.getTime())
      ? new Problem('an invalid Date')
      : undefined;
  }
  for (const key of Object.keys(value)) {
    const member = (value as Record<string, unknown>)[key];
    if (member === undefined) continue;
    const found = findProblem(member, depthLeft - 1);
    if (found !== undefined) return found.within(`.${key}`);
  }
  return undefined;
}

function binaryOrCollection(value: object): string | undefined {
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype === Object.prototype || prototype === null) return undefined;
  if (types.isMap(value)) return 'a Map (use Object.fromEntries)';
  if (types.isSet(value)) return 'a Set (use an array)';
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) {
    return 'binary data (use a base64 string)';
  }
  if (types.isPromise(value)) return 'a Promise (await it first)';
  return undefined;
}
