import type { HeaderInput } from './endpoint.js';
import { Secret } from './secret.js';
import { invalid, invalidHidden, isPlainObject } from './text-rules.js';

const MAX_HEADERS = 50;
const MAX_NAME = 128;
const MAX_VALUE_BYTES = 4_096;
/** A token of RFC 9110, 5.6.2. */
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** ASCII subset of a field value in RFC 9110, 5.5: no CR, LF or NUL, and nothing that servers decode differently. */
const VALUE = /^[\t\u0020-\u007e]*$/;

/** Names that belong to HTTP, to us, or to what stands between. */
const RESERVED = new Set([
  'age',
  'alt-svc',
  'cache-control',
  'clear-site-data',
  'connection',
  'date',
  'expect',
  'expires',
  'host',
  'http2-settings',
  'keep-alive',
  'metadata',
  'metadata-flavor',
  'pragma',
  'te',
  'trailer',
  'trailers',
  'transfer-encoding',
  'upgrade',
  'user-agent',
  'via',
  'warning',
]);

const RESERVED_PREFIXES = [
  'ce-',
  'content-',
  'proxy-',
  'svix-',
  'webhook-',
  'x-amz-',
  'x-aws-',
  'x-azure-',
  'x-fd-',
  'x-gfe',
  'x-goog-',
  'x-google',
];

/**
 * The headers of an endpoint in canonical form: names in small letters, in order. Pure.
 *
 * @throws {WebhookInputError} HEADER_NAME, HEADER_RESERVED or HEADER_VALUE
 */
export function validHeaders(
  headers: Readonly<Record<string, HeaderInput>>,
): Readonly<Record<string, string | Secret>> {
  if (!isPlainObject(headers)) {
    throw invalid('HEADER_VALUE', 'headers', headers, 'an object of texts');
  }
  const given = Object.entries(headers);
  if (given.length > MAX_HEADERS) {
    throw invalid('HEADER_VALUE', 'headers', given.length, `at most ${MAX_HEADERS} headers`);
  }
  const valid = new Map<string, string | Secret>();
  for (const [name, value] of given) {
    const field = `headers.${name}`;
    const lower = validHeaderName(name, field);
    if (lower === 'authorization') {
      throw invalid('HEADER_RESERVED', field, name, 'give it as "auth", which is encrypted');
    }
    if (valid.has(lower)) throw invalid('HEADER_NAME', field, name, 'each name once, in any case');
    valid.set(lower, validHeader(value, field));
  }
  return Object.fromEntries([...valid].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** @returns the name in small letters */
export function validHeaderName(name: unknown, field: string): string {
  if (typeof name !== 'string' || name.length > MAX_NAME || !NAME.test(name)) {
    throw invalid('HEADER_NAME', field, name, 'letters, digits and - _ . ~ and the like');
  }
  const lower = name.toLowerCase();
  if (!RESERVED.has(lower) && !RESERVED_PREFIXES.some((each) => lower.startsWith(each))) {
    return lower;
  }
  throw invalid(
    'HEADER_RESERVED',
    field,
    name,
    'names that neither HTTP nor a proxy nor the signature uses, such as "x-api-key"',
  );
}

/** @throws {WebhookInputError} HEADER_VALUE, without the value, which may be secret */
export function validHeaderValue(value: unknown, field: string): string {
  const isValid = typeof value === 'string' && value.length <= MAX_VALUE_BYTES && VALUE.test(value);
  // HTTP takes white space at the ends away: what arrives would be another value.
  if (isValid && value === value.trim()) return value;
  throw invalidHidden(
    'HEADER_VALUE',
    field,
    `at most ${MAX_VALUE_BYTES} printable ASCII characters, without line ends and without spaces at its ends`,
  );
}

function validHeader(value: unknown, field: string): string | Secret {
  if (!isPlainObject(value)) return validHeaderValue(value, field);
  const { value: text, secret, ...rest } = value;
  if (secret !== true || Object.keys(rest).length > 0) {
    throw invalidHidden('HEADER_VALUE', field, 'a text, or { value, secret: true }');
  }
  return new Secret(validHeaderValue(text, field));
}
