import { bodyVariants } from './body-variants.js';
import { knownSchemes, type AnyScheme } from './schemes.js';
import type { RefusalReason } from './verification-error.js';
import type { ReadRequest } from './webhook-request.js';

/** A refused request with what it was checked by. */
export interface Refused {
  readonly scheme: AnyScheme;
  readonly keys: readonly unknown[];
  readonly secrets: readonly string[];
  readonly request: ReadRequest;
  readonly now: number;
  readonly toleranceMs: number;
}

/** Variations cost a hash each; large bodies are not tried. */
const MOST_BYTES = 262_144;

/** Says what is most likely wrong with a refused request, for its developer. Never throws, names no secret. */
export function explanationOf(reason: RefusalReason, refused: Refused): string {
  try {
    switch (reason) {
      case 'missing':
      case 'malformed':
        return otherScheme(refused) ?? 'The sender signs in another way, or a proxy took a header.';
      case 'timestamp':
        return timeGap(refused);
      case 'signature':
        return wrongSignature(refused);
      default:
        return reason satisfies never;
    }
  } catch {
    return 'No explanation was found.';
  }
}

function otherScheme({ scheme, request }: Refused): string | undefined {
  const other = knownSchemes.find(
    ({ name, header }) => name !== scheme.name && request.headers.has(header),
  );
  if (other === undefined) return undefined;
  return `The request has the header "${other.header}" of the scheme "${other.name}", and "${scheme.name}" is set.`;
}

function timeGap({ scheme, request, now, toleranceMs }: Refused): string {
  const claim = scheme.read(request);
  const sentAtMs = claim.sentAtMs ?? claim.bodyTimeMs?.() ?? now;
  const gapS = Math.round(Math.abs(now - sentAtMs) / 1_000);
  const side = sentAtMs < now ? 'behind' : 'ahead of';
  return `The request's time is ${gapS} s ${side} this clock; ${toleranceMs / 1_000} s are allowed. It was sent again as it was, was held up on the way, or one of the clocks is wrong.`;
}

function wrongSignature(refused: Refused): string {
  const { request, scheme } = refused;
  if (request.body.length === 0) {
    return 'The body is empty: something may have read it before, such as a body parser.';
  }
  if (request.body.length <= MOST_BYTES) {
    for (const [what, body] of bodyVariants(request.body)) {
      if (fits(refused, body)) {
        return `The signature fits the body ${what}: it was parsed and serialised again on the way. Verify the bytes as they came.`;
      }
    }
  }
  const secret = secretMistake(refused);
  if (secret !== undefined) return secret;
  if (scheme.needsUrl) {
    return `The secret is wrong, or the URL is not the one that the sender called: "${request.url}" was verified, with its protocol, host, port and query.`;
  }
  const other = otherScheme(refused);
  if (other !== undefined) return other;
  return 'The secret is probably that of another endpoint, account or mode (test and live), or was rotated.';
}

/** Tries the secrets as they are often copied wrongly. */
function secretMistake({ scheme, secrets, request }: Refused): string | undefined {
  const claim = scheme.read(request);
  const mistakes: [string, (secret: string) => string][] = [
    ['without white space around it', (secret) => secret.trim()],
    ['without quotes around it', (secret) => secret.replace(/^(['"])(.*)\1$/s, '$2')],
    ['without "whsec_" before it', (secret) => secret.replace(/^whsec_/, '')],
    ['with "whsec_" before it', (secret) => `whsec_${secret}`],
  ];
  for (const [what, change] of mistakes) {
    for (const secret of secrets) {
      const changed = change(secret);
      if (changed !== secret && isKey(() => claim.proves(scheme.key(changed, 'secret')))) {
        return `The signature fits the secret ${what}.`;
      }
    }
  }
  return undefined;
}

function isKey(attempt: () => boolean): boolean {
  try {
    return attempt();
  } catch {
    return false;
  }
}

function fits({ scheme, keys, request }: Refused, body: Buffer): boolean {
  const claim = scheme.read({ ...request, body });
  return keys.some((key) => claim.proves(key));
}
