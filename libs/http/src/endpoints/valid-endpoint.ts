import { randomBytes } from 'node:crypto';
import { toError } from '@leanmq/core/internal';
import { WebhookInputError } from '../input-error.js';
import {
  SIGNATURE_VERSIONS,
  createWebhookSecret,
  webhookSigner,
  type SignatureVersion,
} from '../signing/index.js';
import { validAuth } from './auth.js';
import { compileFilter } from './compile-filter.js';
import type { Endpoint, EndpointInput } from './endpoint.js';
import type { Filter } from './filter.js';
import { validHeaders } from './header-rules.js';
import { checkFields } from './known-fields.js';
import { validPatterns, validRoutes, validTypes } from './route-patterns.js';
import { Secret } from './secret.js';
import { invalid, isName, isPlainObject } from './text-rules.js';
import { validDelivery } from './valid-delivery.js';

/** Dependencies of an endpoint's validation. */
export interface EndpointRules {
  /** Judges a URL and gives its canonical form, such as `EgressGuard.check`. */
  readonly checkUrl: (url: unknown) => Promise<string>;
  /** Names of registered functions. */
  readonly filters?: ReadonlySet<string>;
  readonly transforms?: ReadonlySet<string>;
}

const ID = /^[A-Za-z0-9_:@-]{1,128}$/;
const MAX_TENANT_BYTES = 256;
const MAX_METADATA_BYTES = 4_096;

const NAMES = [
  'id',
  'url',
  'routes',
  'patterns',
  'tenant',
  'types',
  'filter',
  'transform',
  'headers',
  'auth',
  'secret',
  'signature',
  'delivery',
  'ordered',
  'metadata',
  'disabled',
] as const satisfies readonly (keyof EndpointInput)[];

const FOREIGN = Object.freeze({
  channels: 'give "routes" or "patterns"',
  eventTypes: 'give "types"',
  filterTypes: 'give "types"',
  topics: 'give "routes" or "patterns"',
  uid: 'give "id"',
  rateLimit: 'give "delivery.rate"',
  timeoutMs: 'give "delivery.timeoutMs"',
  description: 'give it in "metadata"',
});

/**
 * Checks what somebody gave for an endpoint, its URL with all addresses that its name has now, and makes its canonical
 * form. An id and a secret are made where none is given.
 *
 * @throws {WebhookInputError} with the field that is not acceptable, and what is
 */
export async function validEndpoint(input: EndpointInput, rules: EndpointRules): Promise<Endpoint> {
  if (!isPlainObject(input)) {
    throw invalid('FIELD_INVALID', 'endpoint', input, `an object of ${NAMES.join(', ')}`);
  }
  checkFields('an endpoint', input, NAMES, undefined, FOREIGN);
  const { tenant, filter, transform, auth, signature = 'v1' } = input;
  // The lookup of the name comes last: everything else is said at once.
  const rest = {
    id: validId(input.id),
    ...validSelection(input),
    ...(tenant !== undefined && { tenant: validTenant(tenant) }),
    ...(filter !== undefined && { filter: validFilter(filter, rules) }),
    ...(transform !== undefined && {
      transform: registered('transform', transform, rules.transforms),
    }),
    headers: validHeaders(input.headers ?? {}),
    ...(auth !== undefined && { auth: validAuth(auth) }),
    signature: validSignature(signature),
    secrets: [{ secret: validSecret(input.secret, signature), validUntil: undefined }],
    delivery: validDelivery(input.delivery ?? {}),
    ordered: flag('ordered', input.ordered),
    metadata: validMetadata(input.metadata ?? {}),
    disabled: flag('disabled', input.disabled),
  };
  return { url: await rules.checkUrl(input.url), ...rest };
}

/** @throws {WebhookInputError} ID_INVALID */
export function validId(id: unknown): string {
  if (id === undefined) return `ep_${randomBytes(16).toString('base64url')}`;
  if (typeof id === 'string' && ID.test(id)) return id;
  throw invalid('ID_INVALID', 'id', id, '1 to 128 letters, digits and _ : @ -, without full stops');
}

/**
 * A secret of the right kind, or a new one.
 *
 * @throws {WebhookInputError} SECRET_INVALID, without the secret
 */
export function validSecret(secret: unknown, signature: SignatureVersion): Secret {
  if (secret === undefined) return new Secret(createWebhookSecret(signature));
  const prefix = signature === 'v1' ? 'whsec_' : 'whsk_';
  if (typeof secret !== 'string' || !secret.startsWith(prefix)) {
    const message = `Field "secret" is not of the right kind; with "signature" ${signature} it begins with "${prefix}".`;
    throw new WebhookInputError('SECRET_INVALID', 'secret', message);
  }
  try {
    webhookSigner(secret);
  } catch (error) {
    throw new WebhookInputError('SECRET_INVALID', 'secret', toError(error).message);
  }
  return new Secret(secret);
}

function validSelection({
  routes,
  patterns,
  types,
}: EndpointInput): Pick<Endpoint, 'routes' | 'patterns' | 'types'> {
  const selection = {
    routes: validRoutes(routes ?? []),
    patterns: validPatterns(patterns ?? []),
    types: validTypes(types ?? []),
  };
  if (selection.routes.length + selection.patterns.length > 0) return selection;
  const message =
    'The endpoint names no route; give paths in "routes", or beginnings of paths in "patterns", such as "order/*" or "*" for all.';
  throw new WebhookInputError('ROUTES_MISSING', 'routes', message);
}

function validTenant(tenant: unknown): string {
  if (isName(tenant, MAX_TENANT_BYTES)) return tenant;
  const allowed = `1 to ${MAX_TENANT_BYTES} bytes without control characters`;
  throw invalid('FIELD_INVALID', 'tenant', tenant, allowed);
}

function validFilter(filter: Filter | string, rules: EndpointRules): Filter | string {
  if (typeof filter === 'string') return registered('filter', filter, rules.filters);
  compileFilter(filter);
  return canonical(filter) as Filter;
}

/** A copy with names in order: two filters that mean the same are equal, and nobody changes it afterwards. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, each]) => [name, canonical(each)]));
}

function registered(field: string, name: unknown, names: ReadonlySet<string> = new Set()): string {
  if (typeof name === 'string' && names.has(name)) return name;
  const known = [...names].join(', ') || 'none is registered';
  throw invalid('FUNCTION_UNKNOWN', field, name, `the name of a registered function (${known})`);
}

function validSignature(signature: unknown): SignatureVersion {
  const found = SIGNATURE_VERSIONS.find((each) => each === signature);
  if (found !== undefined) return found;
  throw invalid('FIELD_INVALID', 'signature', signature, '"v1" or "v1a"');
}

function flag(field: string, value: unknown = false): boolean {
  if (typeof value === 'boolean') return value;
  throw invalid('FIELD_INVALID', field, value, 'true or false');
}

function validMetadata(metadata: unknown): Readonly<Record<string, string>> {
  const isTexts =
    isPlainObject(metadata) && Object.values(metadata).every((each) => typeof each === 'string');
  if (!isTexts || Buffer.byteLength(JSON.stringify(metadata)) > MAX_METADATA_BYTES) {
    const allowed = `an object of texts, at most ${MAX_METADATA_BYTES} bytes as JSON`;
    throw invalid('FIELD_INVALID', 'metadata', metadata, allowed);
  }
  return canonical(metadata) as Readonly<Record<string, string>>;
}
