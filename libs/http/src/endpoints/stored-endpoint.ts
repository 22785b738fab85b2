import { isDeepStrictEqual } from 'node:util';
import type { Endpoint, EndpointAuth } from './endpoint.js';
import type { SecretVault } from './secret-vault.js';
import { Secret } from './secret.js';

/** Marks a text of the stored form as sealed by a vault, among texts that are not. */
const SEALED = '$sealed';
/** Where there may be one: names in `metadata`, `headers` and a filter are those of a user, and may be any. */
const SECRET_FIELD =
  /^\.(secrets\[\]\.secret|headers\..+|auth\.(bearer|basic\.password|header\.value|certificate\.(key|passphrase)))$/s;

/**
 * Writes an endpoint as JSON for Redis. What is secret is sealed, each under its own field, so that none of it can be moved
 * to another field or endpoint.
 */
export function sealEndpoint(endpoint: Endpoint, vault: SecretVault): string {
  const seal = (value: unknown, field: string): unknown => {
    if (value instanceof Secret) {
      return { [SEALED]: vault.seal(endpoint.id, field, value.reveal()) };
    }
    return mapped(value, field, seal);
  };
  return JSON.stringify(seal(endpoint, ''));
}

/**
 * Reads what `sealEndpoint` wrote.
 *
 * @throws {SecretUnreadableError} if its key is not among `encryptionKeys`
 */
export function openEndpoint(json: string, vault: SecretVault): Endpoint {
  const stored = JSON.parse(json) as Endpoint;
  const open = (value: unknown, field: string): unknown => {
    const sealed = sealedText(value, field);
    if (sealed !== undefined) return new Secret(vault.open(stored.id, field, sealed));
    return mapped(value, field, open);
  };
  const { secrets, ...endpoint } = open(stored, '') as Endpoint;
  // JSON has no undefined.
  const kept = secrets.map(({ secret, validUntil }) => ({ secret, validUntil }));
  return { ...endpoint, secrets: kept };
}

/** Returns true when any secret of the endpoint is not sealed with the current key; store the endpoint again. */
export function isOutdated(json: string, vault: SecretVault): boolean {
  let found = false;
  const look = (value: unknown, field: string): unknown => {
    const sealed = sealedText(value, field);
    if (sealed !== undefined && vault.isOutdated(sealed)) found = true;
    return mapped(value, field, look);
  };
  look(JSON.parse(json), '');
  return found;
}

/**
 * Decides whether an endpoint that is given again under its id is the same. A secret that was made for either is not
 * compared. Pure.
 *
 * @param hasSecret whether the secret of `given` was the caller's own
 */
export function isSameEndpoint(stored: Endpoint, given: Endpoint, hasSecret: boolean): boolean {
  if (hasSecret && !stored.secrets[0]?.secret.equals(given.secrets[0]?.secret)) return false;
  return isDeepStrictEqual(comparable(stored), comparable(given));
}

/** Everything but the signing secrets, and what the disabling by itself changes. */
function comparable({ secrets: _, disabled: __, ...rest }: Endpoint): unknown {
  const reveal = (value: unknown): unknown =>
    value instanceof Secret ? { [SEALED]: value.reveal() } : mapped(value, '', reveal);
  return reveal(rest);
}

/** The PEM of a client certificate and authority, for a request; undefined where the endpoint has neither. Pure. */
export function tlsOf(auth: EndpointAuth | undefined):
  | {
      readonly cert?: string;
      readonly key?: string;
      readonly passphrase?: string;
      readonly ca?: string;
    }
  | undefined {
  const { certificate, ca } = auth ?? {};
  if (certificate === undefined && ca === undefined) return undefined;
  const { cert, key, passphrase } = certificate ?? {};
  return {
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key: key.reveal() }),
    ...(passphrase !== undefined && { passphrase: passphrase.reveal() }),
    ...(ca !== undefined && { ca }),
  };
}

function sealedText(value: unknown, field: string): string | undefined {
  if (typeof value !== 'object' || value === null || !SECRET_FIELD.test(field)) return undefined;
  const text = (value as Record<string, unknown>)[SEALED];
  return typeof text === 'string' ? text : undefined;
}

function mapped(
  value: unknown,
  field: string,
  map: (value: unknown, field: string) => unknown,
): unknown {
  if (Array.isArray(value)) return value.map((each) => map(each, `${field}[]`));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, map(each, `${field}.${name}`)]),
  );
}
