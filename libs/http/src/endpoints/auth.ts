import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { WebhookInputError } from '../input-error.js';
import type { AuthInput, EndpointAuth } from './endpoint.js';
import { validHeaderName, validHeaderValue } from './header-rules.js';
import { checkFields } from './known-fields.js';
import { Secret } from './secret.js';
import { invalid, invalidHidden, isPlainObject } from './text-rules.js';

const MAX_PEM_BYTES = 64 * 1_024;
const NAMES = ['basic', 'bearer', 'header', 'certificate', 'ca'] as const;
/** A token of RFC 6750, 2.1. */
const BEARER = /^[A-Za-z0-9\-._~+/]+=*$/;

/**
 * The proof of who sends, in canonical form. Pure.
 *
 * @throws {WebhookInputError} AUTH_INVALID or CERTIFICATE_INVALID, never with what is secret
 */
export function validAuth(auth: AuthInput): EndpointAuth {
  const given: unknown = auth;
  if (!isPlainObject(given))
    throw invalid('AUTH_INVALID', 'auth', auth, `an object of ${NAMES.join(', ')}`);
  checkFields('auth', given, NAMES, 'auth');
  const { basic, bearer, header, certificate, ca } = auth;
  if ([basic, bearer, header].filter((each) => each !== undefined).length > 1) {
    throw invalidHidden('AUTH_INVALID', 'auth', 'one of basic, bearer and header');
  }
  return {
    ...(basic !== undefined && { basic: validBasic(basic) }),
    ...(bearer !== undefined && { bearer: validBearer(bearer) }),
    ...(header !== undefined && { header: validAuthHeader(header) }),
    ...(certificate !== undefined && { certificate: validCertificate(certificate) }),
    ...(ca !== undefined && { ca: validAuthority(ca) }),
  };
}

function validBasic(basic: NonNullable<AuthInput['basic']>): NonNullable<EndpointAuth['basic']> {
  parts('auth.basic', basic, ['username', 'password']);
  const { username, password } = basic;
  // A colon ends the name, RFC 7617.
  if (validHeaderValue(username, 'auth.basic.username').includes(':')) {
    throw invalidHidden('AUTH_INVALID', 'auth.basic.username', 'a name without a colon');
  }
  return { username, password: new Secret(validHeaderValue(password, 'auth.basic.password')) };
}

function validBearer(bearer: unknown): Secret {
  const token = validHeaderValue(bearer, 'auth.bearer');
  if (BEARER.test(token)) return new Secret(token);
  const allowed = 'a token of letters, digits and - . _ ~ + /, without "Bearer" before it';
  throw invalidHidden('AUTH_INVALID', 'auth.bearer', allowed);
}

function validAuthHeader(
  header: NonNullable<AuthInput['header']>,
): NonNullable<EndpointAuth['header']> {
  parts('auth.header', header, ['name', 'value']);
  return {
    name: validHeaderName(header.name, 'auth.header.name'),
    value: new Secret(validHeaderValue(header.value, 'auth.header.value')),
  };
}

function validCertificate(
  certificate: NonNullable<AuthInput['certificate']>,
): NonNullable<EndpointAuth['certificate']> {
  parts('auth.certificate', certificate, ['cert', 'key', 'passphrase']);
  const { cert, key, passphrase } = certificate;
  const texts = passphrase === undefined ? [cert, key] : [cert, key, passphrase];
  if (texts.every(isPem)) {
    try {
      createSecureContext({ cert, key, ...(passphrase !== undefined && { passphrase }) });
      return {
        cert,
        key: new Secret(key),
        ...(passphrase !== undefined && { passphrase: new Secret(passphrase) }),
      };
    } catch {
      // The error of OpenSSL says little, and what it was given is secret.
    }
  }
  throw invalidHidden(
    'CERTIFICATE_INVALID',
    'auth.certificate',
    'a certificate and the key that belongs to it, both PEM, with the passphrase if the key has one',
  );
}

function validAuthority(ca: unknown): string {
  if (isPem(ca)) {
    try {
      new X509Certificate(ca);
      createSecureContext({ ca });
      return ca;
    } catch (cause) {
      throw authorityError(cause);
    }
  }
  throw authorityError(undefined);
}

function authorityError(cause: unknown): WebhookInputError {
  const message = 'Field "auth.ca" is not acceptable; allowed: one or more certificates, PEM.';
  return new WebhookInputError('CERTIFICATE_INVALID', 'auth.ca', message, { cause });
}

function isPem(text: unknown): text is string {
  return typeof text === 'string' && text !== '' && text.length <= MAX_PEM_BYTES;
}

function parts(field: string, value: unknown, names: readonly string[]): void {
  if (!isPlainObject(value)) throw invalidHidden('AUTH_INVALID', field, `{ ${names.join(', ')} }`);
  checkFields(field, value, names, field);
}
