import { createHmac, type KeyObject } from 'node:crypto';

import { hmacSecret } from '../signing/index.js';
import { anySignature } from './same-text.js';
import type { Scheme } from './scheme.js';
import { malformed } from './verification-error.js';
import type { ReadRequest } from './webhook-request.js';

/** Text that a provider's HMAC covers, and the signatures that it sent. */
export interface MacClaim {
  readonly signatures: readonly string[];
  /** Text that is signed before the body. */
  readonly before?: string;
  readonly sentAtMs?: number;
  readonly bodyTimeMs?: () => number;
}

export interface MacDefinition {
  readonly name: string;
  readonly header: string;
  readonly encoding: 'hex' | 'base64';
  readonly toleranceMs?: number;
  readonly needsUrl?: boolean;
  readonly eventHeaders?: readonly string[];
  read(request: ReadRequest): MacClaim;
  id(request: ReadRequest): string | undefined;
}

const SHAPES = Object.freeze({ hex: /^[0-9a-f]{64}$/, base64: /^[A-Za-z0-9+/]{43}=$/ });
/** A sender that rotates its secret signs with two. */
const MOST_SIGNATURES = 16;

/** Makes the scheme of a provider that signs with HMAC-SHA256 under a secret that is used as a text. */
export function macScheme(definition: MacDefinition): Scheme<KeyObject> {
  const { name, header, encoding } = definition;
  return {
    ...{ name, header, toleranceMs: definition.toleranceMs },
    needsUrl: definition.needsUrl ?? false,
    eventHeaders: definition.eventHeaders ?? [],
    key: (secret, field) => hmacSecret(secret, field),
    read(request) {
      const { signatures, before = '', ...times } = definition.read(request);
      const shaped = signatures.filter((each) => SHAPES[encoding].test(each));
      if (shaped.length === 0 || signatures.length > MOST_SIGNATURES) {
        throw malformed(`Header "${header}" has no signature of the scheme "${name}".`);
      }
      return {
        ...times,
        proves: (key) => {
          const mac = createHmac('sha256', key).update(before).update(request.body);
          return anySignature(shaped, mac.digest(encoding));
        },
        id: () => definition.id(request),
      };
    },
  };
}
