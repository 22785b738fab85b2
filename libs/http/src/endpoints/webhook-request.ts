import { Buffer } from 'node:buffer';
import { webhookId, webhookSigner, type WebhookToSign } from '../signing/index.js';
import type { BodyFormat } from './delivery-options.js';
import type { Endpoint } from './endpoint.js';
import { validSecrets } from './rotate-secrets.js';
import { Secret } from './secret.js';

/** A message that is to be sent to endpoints. */
export interface OutgoingMessage {
  readonly id: string;
  /** The normal path of its route. */
  readonly path: string;
  /** Event type, as by `eventTypeOf`. */
  readonly type: string;
  /** When it was published, epoch ms: the same in all attempts, so that the body is. */
  readonly publishedAt: number;
  /** The payload's JSON as it was published. It is put into the body as it is. */
  readonly json: string;
}

/** The body of a request, made once for all attempts and all endpoints with one format. */
export interface WebhookBody {
  readonly bytes: Buffer;
  readonly contentType: string;
}

const USER_AGENT = 'LeanMQ-Webhooks/1';

/** Makes the body of a message. Pure. */
export function webhookBody(message: OutgoingMessage, format: BodyFormat): WebhookBody {
  switch (format) {
    case 'raw':
      return { bytes: Buffer.from(message.json), contentType: 'application/json' };
    case 'standard':
      return {
        bytes: Buffer.from(
          `{"type":${JSON.stringify(message.type)},"timestamp":"${isoTime(message)}","data":${message.json}}`,
        ),
        contentType: 'application/json',
      };
    case 'cloudevents':
      return {
        bytes: Buffer.from(cloudEvent(message)),
        contentType: 'application/cloudevents+json; charset=UTF-8',
      };
    default:
      return format satisfies never;
  }
}

/** @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md */
function cloudEvent(message: OutgoingMessage): string {
  const attributes = JSON.stringify({
    specversion: '1.0',
    id: webhookId(message.id),
    source: `/${message.path.split('/').map(encodeURIComponent).join('/')}`,
    type: message.type,
    time: isoTime(message),
    datacontenttype: 'application/json',
  });
  return `${attributes.slice(0, -1)},"data":${message.json}}`;
}

function isoTime({ publishedAt }: OutgoingMessage): string {
  return new Date(publishedAt).toISOString();
}

/**
 * Makes the headers of one attempt: those of the endpoint, its proof of who sends, and over them those of Standard
 * Webhooks, signed with all secrets that are valid now. Pure.
 *
 * @param now epoch ms, fresh for each attempt
 */
export function webhookHeaders(
  endpoint: Endpoint,
  message: Pick<OutgoingMessage, 'id'>,
  { bytes, contentType }: WebhookBody,
  now: number,
): Readonly<Record<string, string>> {
  const id = webhookId(message.id);
  const timestamp = Math.floor(now / 1_000);
  const signatures = validSecrets(endpoint.secrets, now).map(({ secret }) =>
    signerOf(secret)({ id, timestamp, body: bytes }),
  );
  return {
    ...revealed(endpoint.headers),
    ...authHeaders(endpoint),
    'content-type': contentType,
    'user-agent': USER_AGENT,
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signatures.join(' '),
  };
}

type Sign = (webhook: WebhookToSign) => string;

/** Reading a private key takes longer than signing with it. */
const signers = new WeakMap<Secret, Sign>();

function signerOf(secret: Secret): Sign {
  const made = signers.get(secret) ?? webhookSigner(secret.reveal());
  signers.set(secret, made);
  return made;
}

function revealed(headers: Endpoint['headers']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      value instanceof Secret ? value.reveal() : value,
    ]),
  );
}

function authHeaders({ auth = {} }: Endpoint): Record<string, string> {
  const { basic, bearer, header } = auth;
  if (header !== undefined) return { [header.name]: header.value.reveal() };
  if (bearer !== undefined) return { authorization: `Bearer ${bearer.reveal()}` };
  if (basic === undefined) return {};
  const pair = Buffer.from(`${basic.username}:${basic.password.reveal()}`).toString('base64');
  return { authorization: `Basic ${pair}` };
}
