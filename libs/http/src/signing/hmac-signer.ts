import { ConfigError } from '@leanmq/core';

import { checkedContract, contractMac, hmacSecret, type HmacContract } from './hmac-contract.js';
import { bytesOf, secondsOf, type WebhookToSign } from './signed-content.js';

/** Makes the headers that prove who sends a webhook, in a way of its own beside Standard Webhooks. */
export type HeaderSigner = (
  webhook: WebhookToSign & {
    /** The URL that is called. */
    readonly url?: string;
  },
) => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;

/**
 * Signs as an older contract says, for receivers that verify it already. Its mirror is the scheme `hmac()`.
 *
 * @returns a function that gives the headers
 * @throws {ConfigError} for a contract or a secret that is not acceptable
 * @example
 * ```ts
 * const sign = hmacSigner({
 *   header: 'x-acme-signature',
 *   template: '{timestamp}.{body}',
 *   format: 't={timestamp},v1={signature}',
 *   secret,
 * });
 * ```
 */
export function hmacSigner({
  secret,
  ...given
}: HmacContract & { readonly secret: string }): (
  webhook: Parameters<HeaderSigner>[0],
) => Record<string, string> {
  const contract = checkedContract(given);
  const key = hmacSecret(secret, 'secret', contract.secretEncoding);
  const { header, format, timestampHeader, timestampUnit, idHeader, needsUrl } = contract;
  return ({ id, timestamp, body, url }) => {
    if (needsUrl && typeof url !== 'string') {
      throw ConfigError.option('url', url, 'the URL that is called: "template" has {url}');
    }
    const seconds = secondsOf(timestamp);
    const time = String(timestampUnit === 'ms' ? millisecondsOf(timestamp) : seconds);
    const values = { id, timestamp: time, url: url ?? '', body: bytesOf(body) };
    const signature = contractMac(contract, key, values);
    const headers: Record<string, string> = {
      [header]: format.replace(/\{(\w+)\}/g, (_, name) =>
        name === 'signature' ? signature : values[name as 'id' | 'timestamp'],
      ),
    };
    if (timestampHeader !== undefined) headers[timestampHeader] = time;
    if (idHeader !== undefined) headers[idHeader] = id;
    return headers;
  };
}

function millisecondsOf(timestamp: number | Date): number {
  return timestamp instanceof Date ? timestamp.getTime() : timestamp * 1_000;
}
