import { types } from 'node:util';

import { InvalidMessageError, MessageTooLargeError, show } from '../errors.js';
import type { MessageLimits } from './limits.js';

/**
 * Finds the first value of a payload that JSON cannot carry without loss, and returns the error to throw; undefined if the
 * payload has none.
 *
 * The search sees what `JSON.stringify` will see: the result of `toJSON` in place of an object that has one. Errors of a
 * getter, a `toJSON` or a Proxy propagate.
 */
export function findUnwritable(
  data: unknown,
  limits: MessageLimits,
): InvalidMessageError | MessageTooLargeError | undefined {
  const budget = { values: limits.payloadBytes };
  return findProblem(asWritten(data, ''), limits.depth, budget)?.toError(limits);
}

/** Number of values left to visit. Each takes at least a byte, so a payload that repeats shared parts ends the search early. */
interface Budget {
  values: number;
}

class Problem {
  private path = '';

  constructor(private readonly what: string) {}

  within(step: string): this {
    // A cycle has a path of `depth` steps; the first few show where it begins.
    this.path = step + (this.path.length > 120 ? '…' : this.path);
    return this;
  }

  toError({ depth, payloadBytes }: MessageLimits): InvalidMessageError | MessageTooLargeError {
    const at = `payload${this.path}`;
    switch (this.what) {
      case 'depth':
        return new MessageTooLargeError(
          `${at} is nested deeper than ${depth} levels, or refers to itself; the limit is "limits.depth".`,
        );
      case 'size':
        return new MessageTooLargeError(
          `The payload is more than ${payloadBytes} bytes. Send a reference instead, or raise it in "limits".`,
        );
      default:
        return new InvalidMessageError(`${at} is ${this.what}, which JSON cannot carry.`);
    }
  }
}

/** Returns the value that JSON.stringify writes in place of `value`; an unsupported value is returned unchanged. */
function asWritten(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const { toJSON } = value as { toJSON?: unknown };
  if (typeof toJSON === 'function') {
    if (unsupported(value) !== undefined) return value;
    // Any string will do here; formatting the date would take longer than everything else.
    if (types.isDate(value)) return '';
    return (toJSON as (key: string) => unknown).call(value, key);
  }
  return !isPlain(value) && types.isBoxedPrimitive(value) ? value.valueOf() : value;
}

function findProblem(value: unknown, depthLeft: number, budget: Budget): Problem | undefined {
  budget.values -= 1;
  if (budget.values < 0) return new Problem('size');
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return undefined;
    case 'number':
      return Number.isFinite(value) ? undefined : new Problem(String(value));
    case 'object':
      return value === null ? undefined : findProblemInObject(value, depthLeft, budget);
    default:
      return new Problem(typeof value === 'bigint' ? 'a BigInt' : typeof value);
  }
}

function findProblemInObject(
  value: object,
  depthLeft: number,
  budget: Budget,
): Problem | undefined {
  const plain = isPlain(value);
  const what = plain ? undefined : unsupported(value);
  if (what !== undefined) return new Problem(what);
  if (depthLeft === 0) return new Problem('depth');
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      const item: unknown = asWritten(value[index], String(index));
      const found = findProblem(item, depthLeft - 1, budget);
      if (found !== undefined) return found.within(`[${index}]`);
    }
    return undefined;
  }
  const keys = Object.keys(value);
  const host = plain ? undefined : stateless(value, keys.length);
  if (host !== undefined) return new Problem(host);
  for (const key of keys) {
    const member = asWritten((value as Record<string, unknown>)[key], key);
    if (member === undefined) continue;
    const found = findProblem(member, depthLeft - 1, budget);
    if (found !== undefined) return found.within(stepTo(key));
  }
  return undefined;
}

function stepTo(key: string): string {
  return /^[\w$]{1,40}$/.test(key) ? `.${key}` : `[${show(key)}]`;
}

function unsupported(value: object): string | undefined {
  if (isPlain(value)) return undefined;
  if (types.isMap(value)) return 'a Map (use Object.fromEntries)';
  if (types.isSet(value)) return 'a Set (use an array)';
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) {
    return 'binary data (use a base64 string)';
  }
  if (types.isPromise(value)) return 'a Promise (await it first)';
  if (types.isDate(value) && Number.isNaN(value.getTime())) return 'an invalid Date';
  return undefined;
}

/**
 * Describes an object that JSON would write as `{}` or incompletely, although it has content; undefined for any other. An
 * object with `toJSON` never gets here.
 */
function stateless(value: object, keys: number): string | undefined {
  if (types.isNativeError(value)) return 'an Error (send its name and message)';
  if (types.isRegExp(value)) return 'a RegExp (send its source)';
  if (keys > 0 || !hasMembers(value)) return undefined;
  const name = show(value).replace(/^an object \((.*)\)$/, '$1');
  return `an instance of ${name} without own properties (send a plain object with its content, or give it a toJSON)`;
}

/**
 * Returns true when an object has members beside its own properties, such as a Headers, a Blob or an iterator. An empty
 * instance of a class without methods has no content to lose.
 */
function hasMembers(value: object): boolean {
  let prototype = Object.getPrototypeOf(value) as object | null;
  while (prototype !== null) {
    const parent = Object.getPrototypeOf(prototype) as object | null;
    // The prototype of all objects, of this realm or another.
    if (parent === null) return false;
    if (Reflect.ownKeys(prototype).some((key) => key !== 'constructor')) return true;
    prototype = parent;
  }
  return false;
}

/** Returns true for an object literal or an array: the most common values, and quick to recognise. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === Object.prototype || prototype === Array.prototype || prototype === null;
}
