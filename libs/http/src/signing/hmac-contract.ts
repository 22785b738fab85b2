import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';

import { ConfigError } from '@leanmq/core';
import { assertKnownOptions, show } from '@leanmq/core/internal';

import { WebhookConfigError } from '../webhook-config-error.js';

const ALGORITHMS = ['sha1', 'sha256', 'sha384', 'sha512'] as const;
const ENCODINGS = ['hex', 'HEX', 'base64', 'base64url'] as const;
const SECRET_ENCODINGS = ['utf8', 'hex', 'base64'] as const;
const UNITS = ['s', 'ms'] as const;

/** An HMAC over body, time and id as some sender and receiver have agreed on it, whatever its headers are called. */
export interface HmacContract {
  /** Header with the signature. */
  readonly header: string;
  /** @default 'sha256' */
  readonly algorithm?: (typeof ALGORITHMS)[number];
  /** Notation of the signature; `HEX` has capital letters. @default 'hex' */
  readonly encoding?: (typeof ENCODINGS)[number];
  /** Form of the header's value, such as `t={timestamp},v1={signature}`. @default '{signature}' */
  readonly format?: string;
  /** Text that is signed, of `{body}`, `{timestamp}`, `{id}` and `{url}`. @default '{body}' */
  readonly template?: string;
  /** Header with the time, if it is not in `format`. */
  readonly timestampHeader?: string;
  /** Unit of the time. @default 's' */
  readonly timestampUnit?: (typeof UNITS)[number];
  /** Header with the id. */
  readonly idHeader?: string;
  /** Member of the JSON body with the id, such as `event.id`; for verification. */
  readonly idField?: string;
  /** Notation of the secret. @default 'utf8' */
  readonly secretEncoding?: (typeof SECRET_ENCODINGS)[number];
}

/** Names in the braces of a template. */
export const PLACEHOLDERS = ['body', 'timestamp', 'id', 'url'] as const;
export type Placeholder = (typeof PLACEHOLDERS)[number];

/** A contract that was checked, with its defaults; header names in small letters. */
export interface CheckedContract extends Required<
  Omit<HmacContract, 'timestampHeader' | 'idHeader' | 'idField'>
> {
  readonly timestampHeader: string | undefined;
  readonly idHeader: string | undefined;
  readonly idField: string | undefined;
  readonly hasTime: boolean;
  readonly needsUrl: boolean;
}

const NAMES: readonly string[] = [
  'header',
  'algorithm',
  'encoding',
  'format',
  'template',
  'timestampHeader',
  'timestampUnit',
  'idHeader',
  'idField',
  'secretEncoding',
] satisfies (keyof HmacContract)[];

const HINTS = Object.freeze({
  prefix: 'give it within "format", as in "sha256={signature}"',
  signed: 'give "template"',
  secret: 'give "secrets" beside the scheme',
  secrets: 'give them beside the scheme',
});

const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

/**
 * Checks a contract and fills in its defaults. Pure.
 *
 * @throws {ConfigError} that names the option, and what is allowed
 */
export function checkedContract(contract: HmacContract): CheckedContract {
  assertKnownOptions('hmac()', contract, NAMES, HINTS);
  const { algorithm = 'sha256', encoding = 'hex', secretEncoding = 'utf8' } = contract;
  const { format = '{signature}', template = '{body}', timestampUnit = 's', idField } = contract;
  oneOf('algorithm', algorithm, ALGORITHMS);
  oneOf('encoding', encoding, ENCODINGS);
  oneOf('secretEncoding', secretEncoding, SECRET_ENCODINGS);
  oneOf('timestampUnit', timestampUnit, UNITS);
  const header = headerName('header', contract.header);
  const timestampHeader = optionalHeader('timestampHeader', contract.timestampHeader);
  const idHeader = optionalHeader('idHeader', contract.idHeader);
  if (idField !== undefined && (typeof idField !== 'string' || idField === '')) {
    throw ConfigError.option('idField', idField, 'the name of a member, such as "event.id"');
  }
  const inFormat = placeholdersOf('format', format, ['signature', 'timestamp', 'id']);
  const signed = placeholdersOf('template', template, PLACEHOLDERS);
  once('format', format, inFormat, 'signature');
  once('template', template, signed, 'body');
  const hasTime = timestampHeader !== undefined || inFormat.includes('timestamp');
  if (hasTime !== signed.includes('timestamp')) {
    throw hasTime
      ? unsigned('template', template, '{timestamp}', 'a time that is not signed proves nothing')
      : unsigned(
          'template',
          template,
          'no {timestamp}',
          'no header carries it ("timestampHeader")',
        );
  }
  if (signed.includes('id') && idHeader === undefined && !inFormat.includes('id')) {
    throw unsigned('template', template, 'no {id}', 'no header carries it ("idHeader")');
  }
  return {
    ...{ header, algorithm, encoding, format, template, timestampUnit, secretEncoding },
    ...{ timestampHeader, idHeader, idField, hasTime, needsUrl: signed.includes('url') },
  };
}

/**
 * Reads the secret of a contract, or of a provider that uses it as a text.
 *
 * @throws {WebhookConfigError} SECRET_INVALID for one that is empty, has a line's end or is not of its encoding
 */
export function hmacSecret(
  secret: string,
  field: string,
  encoding: CheckedContract['secretEncoding'] = 'utf8',
): KeyObject {
  const refuse = (what: string): WebhookConfigError =>
    new WebhookConfigError('SECRET_INVALID', field, `The secret in "${field}" ${what}.`);
  if (typeof secret !== 'string') throw refuse(`is of type ${typeof secret}; give a text`);
  if (secret === '') throw refuse('is empty');
  if (/[\r\n\0]/.test(secret)) {
    throw refuse('has a line end, as when it is read from a file; take it away with trim()');
  }
  const bytes = Buffer.from(secret, encoding);
  if (encoding !== 'utf8' && bytes.toString(encoding) !== secret) {
    throw refuse(`is not ${encoding}, as "secretEncoding" says`);
  }
  return createSecretKey(bytes);
}

/** Computes the signature of what a template says. */
export function contractMac(
  { algorithm, encoding, template }: Pick<CheckedContract, 'algorithm' | 'encoding' | 'template'>,
  key: KeyObject,
  values: Readonly<Record<Placeholder, string | Uint8Array>>,
): string {
  const mac = createHmac(algorithm, key);
  for (const [, text, name] of template.matchAll(/([^{]+)|\{(\w+)\}/g)) {
    mac.update(text ?? values[name as Placeholder]);
  }
  const isCapital = encoding === 'HEX';
  const signature = mac.digest(isCapital ? 'hex' : encoding);
  return isCapital ? signature.toUpperCase() : signature;
}

function placeholdersOf(option: string, text: string, allowed: readonly string[]): string[] {
  const words = allowed.map((name) => `{${name}}`).join(', ');
  const isText = typeof text === 'string' && /^(?:[^{}]+|\{\w+\})+$/.test(text);
  if (!isText) throw ConfigError.option(option, text, `text with ${words}`);
  const names = [...text.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  for (const name of names) {
    if (!allowed.includes(name)) throw ConfigError.option(option, text, `text with ${words}`);
  }
  return names;
}

function once(option: string, text: string, names: readonly string[], name: string): void {
  if (names.filter((each) => each === name).length === 1) return;
  throw ConfigError.option(option, text, `text with {${name}} once`);
}

function unsigned(option: string, text: string, wanted: string, why: string): ConfigError {
  return new ConfigError(`Option "${option}" is ${show(text)}; it needs ${wanted}: ${why}.`);
}

function optionalHeader(option: string, name: string | undefined): string | undefined {
  return name === undefined ? undefined : headerName(option, name);
}

function headerName(option: string, name: string): string {
  const small = typeof name === 'string' ? name.toLowerCase() : '';
  if (!TOKEN.test(small)) throw ConfigError.option(option, name, 'the name of an HTTP header');
  return small;
}

function oneOf(option: string, value: string, allowed: readonly string[]): void {
  if (allowed.includes(value)) return;
  throw ConfigError.option(option, value, allowed.map((each) => `"${each}"`).join(', '));
}
