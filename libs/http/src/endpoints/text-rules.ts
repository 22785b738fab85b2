import { show } from '@leanmq/core/internal';
import { WebhookInputError, type WebhookInputCode } from '../input-error.js';

export function invalid(
  code: WebhookInputCode,
  field: string,
  given: unknown,
  allowed: string,
): WebhookInputError {
  return new WebhookInputError(
    code,
    field,
    `Field "${field}" is ${show(given)}; allowed: ${allowed}.`,
  );
}

/** The refusal of a value that may be a secret, which is not shown. */
export function invalidHidden(
  code: WebhookInputCode,
  field: string,
  allowed: string,
): WebhookInputError {
  return new WebhookInputError(
    code,
    field,
    `Field "${field}" is not acceptable; allowed: ${allowed}.`,
  );
}

/** An object of a literal or of JSON: what a class, a Map or a Proxy of one has is elsewhere. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // Of another realm, such as a test runner's, Object.prototype is another object without a prototype.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

const CONTROL =
  // eslint-disable-next-line no-control-regex -- control characters are exactly what is looked for
  /[\u0000-\u001f\u007f-\u009f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** Returns true when a value is a string of 1 to `most` UTF-8 bytes without control characters. */
export function isName(value: unknown, most: number): value is string {
  if (typeof value !== 'string' || value === '') return false;
  return Buffer.byteLength(value) <= most && !CONTROL.test(value);
}

/** Sorted, each once, in code units: the same on every machine. */
export function sortedSet(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort((a, b) => (a < b ? -1 : 1));
}
