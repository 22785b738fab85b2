import type { KeyObject } from 'node:crypto';

import { hmacSecret, verifyingKey, type WebhookKey } from '../signing/index.js';
import { sameSecret } from './same-text.js';
import { FIVE_MINUTES_MS, type Scheme } from './scheme.js';
import { standardClaim } from './standard-scheme.js';
import { anyHeader, headerOf } from './webhook-request.js';

/** A signing token (`whsec_…`) signs; a secret token is sent as it is. */
type GitlabKey =
  | { readonly kind: 'signing'; readonly key: WebhookKey }
  | { readonly kind: 'token'; readonly token: KeyObject };

/** https://docs.gitlab.com/user/project/integrations/webhooks/; a request with both is read by its signature. */
export const gitlab: Scheme<GitlabKey> = {
  name: 'gitlab',
  header: 'x-gitlab-token',
  toleranceMs: FIVE_MINUTES_MS,
  needsUrl: false,
  eventHeaders: ['x-gitlab-event'],
  key: (secret, field) =>
    typeof secret === 'string' && secret.startsWith('whsec_')
      ? { kind: 'signing', key: verifyingKey(secret, field) }
      : // A KeyObject shows the token to no log.
        { kind: 'token', token: hmacSecret(secret, field) },
  read(request) {
    if (request.headers.has('webhook-signature')) {
      const claim = standardClaim(request, 'webhook');
      return { ...claim, proves: (key) => key.kind === 'signing' && claim.proves(key.key) };
    }
    const token = headerOf(request, 'x-gitlab-token');
    return {
      id: () => anyHeader(request, 'webhook-id', 'idempotency-key'),
      proves: (key) => key.kind === 'token' && sameSecret(token, key.token.export().toString()),
    };
  },
};
