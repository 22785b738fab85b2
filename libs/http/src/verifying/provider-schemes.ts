import { bodyId, bodyMember } from './body-member.js';
import { macScheme } from './mac-scheme.js';
import { FIVE_MINUTES_MS, SECONDS } from './scheme.js';
import { malformed } from './verification-error.js';
import { anyHeader, headerOf, optionalHeader } from './webhook-request.js';

/** https://docs.stripe.com/webhooks/signature; the whole `whsec_…` is the key. */
export const stripe = macScheme({
  name: 'stripe',
  header: 'stripe-signature',
  encoding: 'hex',
  toleranceMs: FIVE_MINUTES_MS,
  read(request) {
    const pairs = pairsOf(headerOf(request, 'stripe-signature'), ',');
    const time = secondsIn(pairs, 't', 'stripe-signature');
    return { signatures: valuesOf(pairs, 'v1'), before: `${time}.`, sentAtMs: msOf(time) };
  },
  id: ({ body }) => bodyId(body, 'id'),
});

/** https://developer.paddle.com/webhooks/signature-verification; in a rotation there are several `h1`. */
export const paddle = macScheme({
  name: 'paddle',
  header: 'paddle-signature',
  encoding: 'hex',
  toleranceMs: FIVE_MINUTES_MS,
  read(request) {
    const pairs = pairsOf(headerOf(request, 'paddle-signature'), ';');
    const time = secondsIn(pairs, 'ts', 'paddle-signature');
    return { signatures: valuesOf(pairs, 'h1'), before: `${time}:`, sentAtMs: msOf(time) };
  },
  id: ({ body }) => bodyId(body, 'event_id'),
});

/** https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries */
export const github = macScheme({
  name: 'github',
  header: 'x-hub-signature-256',
  encoding: 'hex',
  eventHeaders: ['x-github-event'],
  read: (request) => ({
    signatures: [after('sha256=', headerOf(request, 'x-hub-signature-256'))],
  }),
  id: (request) => anyHeader(request, 'x-github-delivery'),
});

/** https://docs.slack.dev/authentication/verifying-requests-from-slack */
export const slack = macScheme({
  name: 'slack',
  header: 'x-slack-signature',
  encoding: 'hex',
  toleranceMs: FIVE_MINUTES_MS,
  read(request) {
    const signature = after('v0=', headerOf(request, 'x-slack-signature'));
    const time = headerOf(request, 'x-slack-request-timestamp');
    assertSeconds(time, 'x-slack-request-timestamp');
    return { signatures: [signature], before: `v0:${time}:`, sentAtMs: msOf(time) };
  },
  id: ({ body }) => bodyId(body, 'event_id'),
});

/** https://shopify.dev/docs/apps/build/webhooks/verify-deliveries; the second names are those of its Events. */
export const shopify = macScheme({
  name: 'shopify',
  header: 'x-shopify-hmac-sha256',
  encoding: 'base64',
  eventHeaders: ['x-shopify-topic', 'x-shopify-shop-domain', 'x-shopify-triggered-at'],
  read: (request) => ({
    signatures: [
      optionalHeader(request, 'shopify-hmac-sha256') ?? headerOf(request, 'x-shopify-hmac-sha256'),
    ],
  }),
  id: (request) => anyHeader(request, 'x-shopify-webhook-id', 'shopify-webhook-id'),
});

/** https://developer.squareup.com/docs/webhooks/step3validate */
export const square = macScheme({
  name: 'square',
  header: 'x-square-hmacsha256-signature',
  encoding: 'base64',
  needsUrl: true,
  read: (request) => ({
    signatures: [headerOf(request, 'x-square-hmacsha256-signature')],
    before: request.url,
  }),
  id: ({ body }) => bodyId(body, 'event_id'),
});

/** https://linear.app/developers/webhooks#securing-webhooks; the time is in the body, in ms. */
export const linear = macScheme({
  name: 'linear',
  header: 'linear-signature',
  encoding: 'hex',
  toleranceMs: 60_000,
  eventHeaders: ['linear-event'],
  read: (request) => ({
    signatures: [headerOf(request, 'linear-signature')],
    bodyTimeMs: () => {
      const time = bodyMember(request.body, 'webhookTimestamp');
      if (typeof time === 'number' && time > 0) return time;
      throw malformed('The body has no "webhookTimestamp".');
    },
  }),
  id: (request) => anyHeader(request, 'linear-delivery'),
});

type Pairs = readonly (readonly [name: string, value: string])[];

function pairsOf(text: string, separator: string): Pairs {
  return text.split(separator).map((pair) => {
    const at = pair.indexOf('=');
    return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
  });
}

function valuesOf(pairs: Pairs, name: string): string[] {
  return pairs.filter(([each]) => each === name).map(([, value]) => value);
}

function secondsIn(pairs: Pairs, name: string, header: string): string {
  const [time, ...more] = valuesOf(pairs, name);
  if (time === undefined || more.length > 0) {
    throw malformed(`Header "${header}" has ${time === undefined ? 'no' : 'several'} "${name}=".`);
  }
  assertSeconds(time, header);
  return time;
}

function assertSeconds(time: string, header: string): void {
  if (!SECONDS.test(time)) throw malformed(`Header "${header}" has no time in seconds.`);
}

function after(prefix: string, text: string): string {
  // Without its prefix it has not the shape of a signature, and is refused for that.
  return text.startsWith(prefix) ? text.slice(prefix.length) : '';
}

function msOf(seconds: string): number {
  return Number(seconds) * 1_000;
}
