import type { KeyObject } from 'node:crypto';

import {
  checkedContract,
  contractMac,
  hmacSecret,
  type CheckedContract,
  type HmacContract,
} from '../signing/index.js';
import { bodyId } from './body-member.js';
import { anySignature } from './same-text.js';
import { FIVE_MINUTES_MS, type Claim, type Scheme } from './scheme.js';
import { malformed, missing } from './verification-error.js';
import { anyHeader, headerOf, type ReadRequest } from './webhook-request.js';

/** Texts that a placeholder of `format` may stand for. */
const READ = Object.freeze({
  signature: '([A-Za-z0-9+/=_-]+)',
  timestamp: '(\\d{1,15})',
  id: '(.+?)',
});
type Part = keyof typeof READ;

/** A scheme made by {@link hmac}. */
export interface HmacScheme extends Scheme<KeyObject> {
  readonly name: 'hmac';
}

/**
 * Verifies an HMAC of a sender's own making: any header, any template of body, time, id and URL.
 *
 * @throws {ConfigError} for a contract that is not acceptable
 * @example
 * ```ts
 * const scheme = hmac({
 *   header: 'x-acme-signature',
 *   template: '{timestamp},{body}',
 *   format: 't={timestamp},v1={signature}',
 * });
 * ```
 */
export function hmac(given: HmacContract): HmacScheme {
  const contract = checkedContract(given);
  const format = readerOf(contract.format);
  return {
    name: 'hmac',
    header: contract.header,
    toleranceMs: contract.hasTime ? FIVE_MINUTES_MS : undefined,
    needsUrl: contract.needsUrl,
    eventHeaders: [],
    key: (secret, field) => hmacSecret(secret, field, contract.secretEncoding),
    read: (request) => contractClaim(contract, format, request),
  };
}

function contractClaim(
  contract: CheckedContract,
  format: (text: string) => Partial<Record<Part, string>> | undefined,
  request: ReadRequest,
): Claim<KeyObject> {
  const { header, timestampHeader, timestampUnit, idHeader, idField } = contract;
  const parts = format(headerOf(request, header));
  if (parts?.signature === undefined) throw malformed(`Header "${header}" is not as agreed.`);
  const { signature } = parts;
  const time = timestampHeader === undefined ? parts.timestamp : headerOf(request, timestampHeader);
  if (time !== undefined && !/^[1-9]\d{0,14}$/.test(time)) {
    throw malformed(`Header "${timestampHeader ?? header}" has no time.`);
  }
  const id = parts.id ?? (idHeader === undefined ? undefined : anyHeader(request, idHeader));
  if (contract.template.includes('{id}') && id === undefined) throw missing(idHeader ?? header);
  const values = { id: id ?? '', timestamp: time ?? '', url: request.url, body: request.body };
  const sentAtMs = Number(time) * (timestampUnit === 'ms' ? 1 : 1_000);
  return {
    ...(time === undefined ? {} : { sentAtMs }),
    id: () => id ?? (idField === undefined ? undefined : bodyId(request.body, idField)),
    proves: (key) => anySignature([signature], contractMac(contract, key, values)),
  };
}

/** Makes of `t={timestamp},v1={signature}` what reads such a text. */
function readerOf(format: string): (text: string) => Partial<Record<Part, string>> | undefined {
  const names: Part[] = [];
  const pattern = format.replace(/\{(\w+)\}|[^\w\s]/g, (piece, name?: string) => {
    if (name === undefined) return `\\${piece}`;
    names.push(name as Part);
    return READ[name as Part];
  });
  const whole = new RegExp(`^${pattern}$`);
  return (text) => {
    const [, ...values] = whole.exec(text) ?? [];
    if (values.length === 0) return undefined;
    return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']));
  };
}
