import { show } from '@leanmq/core/internal';
import { WebhookInputError } from '../input-error.js';
import type { Target } from './judge-target.js';

const MAX_URL_LENGTH = 4_096;
// The URL standard drops tabs and line ends, and spaces at the ends: what is shown would not be what is dialled.
// eslint-disable-next-line no-control-regex -- control characters are exactly what is looked for
const UNPRINTABLE = /[\u0000-\u0020\u007f-\u009f\s]/;

/**
 * Reads a URL as the URL standard does, so that all spellings of a literal address (`0x7f.1`, `2130706433`, full-width
 * digits) become one. Pure.
 *
 * @throws {WebhookInputError} `URL_MALFORMED` or `URL_CREDENTIALS`
 */
export function parseWebhookUrl(text: unknown): URL {
  const url = readUrl(text);
  if (url.username !== '' || url.password !== '') {
    const message = 'The URL holds a user name or a password; give them as "auth.basic".';
    throw new WebhookInputError('URL_CREDENTIALS', 'url', message);
  }
  url.hash = '';
  return url;
}

function readUrl(text: unknown): URL {
  if (typeof text !== 'string') throw malformed(`is ${show(text)}; give a text`);
  if (text.length > MAX_URL_LENGTH) throw malformed(`is longer than ${MAX_URL_LENGTH} characters`);
  if (UNPRINTABLE.test(text)) throw malformed('holds a space or a control character');
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    // Neither the text nor the cause: a malformed URL may hold a password too.
    throw malformed('is not an absolute URL; give one such as "https://example.com/hooks"');
  }
  if (url.hostname === '') throw malformed('has no host');
  return url;
}

function malformed(why: string): WebhookInputError {
  return new WebhookInputError('URL_MALFORMED', 'url', `The URL ${why}.`);
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

/** Where a request to a URL goes. Pure. */
export function targetOf({
  protocol,
  hostname,
  port,
}: {
  readonly protocol: string;
  readonly hostname: string;
  readonly port: string;
}): Target {
  return { protocol, hostname, port: port === '' ? (DEFAULT_PORTS[protocol] ?? 0) : Number(port) };
}
