import { types } from 'node:util';

import { ConfigError } from '../errors.js';
import {
  encodeHeaders,
  encodePayload,
  literalPath,
  uniqueId,
  validMessageId,
  type MessageLimits,
} from '../message/index.js';
import { MOST_MS, type PublishOptions } from './options.js';
import { checkSendOptions } from './send-options.js';

/** A send as it goes to Redis. An empty string stands for an option that was not given. */
export interface EncodedSend {
  readonly path: string;
  readonly data: string;
  readonly headers: string;
  readonly id: string;
  readonly dedupeMs: number | '';
  readonly delayMs: number | '';
  /** Due time, epoch ms on the server's clock. */
  readonly deliverAt: number | '';
  readonly ttlMs: number | '';
}

/** The end of the year 9999. */
const MAX_AT = 253_402_300_799_999;

/**
 * Validates a send and encodes it for Redis. Pure, except for the random id of a delayed send.
 *
 * @throws {ConfigError} if an option is invalid
 * @throws {MessageError} if the payload or the headers are invalid
 */
export function encodeSend(
  path: string,
  data: unknown,
  options: PublishOptions | undefined,
  limits: MessageLimits,
  defaultDedupeMs: number,
): EncodedSend {
  if (options === undefined) return plainSend(literalPath(path), encodePayload(data, limits));
  checkSendOptions(options);
  const { messageId, dedupeMs, headers, delayMs, deliverAt, ttlMs } = options;
  if (dedupeMs !== undefined && messageId === undefined) {
    throw ConfigError.option('dedupeMs', dedupeMs, 'only together with "messageId"');
  }
  if (deliverAt !== undefined && delayMs !== undefined) {
    throw ConfigError.option('deliverAt', deliverAt, 'only without "delayMs"');
  }
  const delay = delayMs === undefined ? 0 : duration('delayMs', delayMs, 0);
  const isDelayed = delay > 0 || deliverAt !== undefined;
  const id = messageId === undefined ? (isDelayed ? uniqueId() : '') : validMessageId(messageId);
  return {
    path: literalPath(path),
    data: encodePayload(data, limits),
    headers: encodeHeaders(headers, limits),
    id,
    dedupeMs: messageId === undefined ? '' : duration('dedupeMs', dedupeMs ?? defaultDedupeMs, 1),
    delayMs: delay > 0 ? delay : '',
    deliverAt: deliverAt === undefined ? '' : instant('deliverAt', deliverAt),
    ttlMs: ttlMs === undefined ? '' : duration('ttlMs', ttlMs, 1),
  };
}

function plainSend(path: string, data: string): EncodedSend {
  const none = '';
  return {
    path,
    data,
    headers: none,
    id: none,
    dedupeMs: none,
    delayMs: none,
    deliverAt: none,
    ttlMs: none,
  };
}

/** Length from which the bytes of a text are counted; in a shorter text, each character counts as a byte. */
const COUNTED_FROM = 4_096;

/** Returns the number of bytes of a send in Redis. */
export function bytesOf({ data, headers }: EncodedSend): number {
  const bytes = data.length > COUNTED_FROM ? Buffer.byteLength(data) : data.length;
  return bytes + headers.length;
}

/** Returns true when a send only needs to be appended: the common case, and the fastest. */
export function isPlain(send: EncodedSend): boolean {
  return send.id === '' && send.ttlMs === '';
}

function instant(name: string, value: number | Date): number {
  const at: unknown = types.isDate(value) ? value.getTime() : value;
  if (typeof at !== 'number' || !(at >= 0) || at > MAX_AT) {
    throw ConfigError.option(name, value, `a Date or epoch ms from 0 to ${MAX_AT}`);
  }
  // Round up: the message must not be published early.
  return Math.ceil(at);
}

function duration(name: string, value: number, least: number): number {
  if (typeof value !== 'number' || !(value >= least) || value > MOST_MS) {
    throw ConfigError.option(name, value, `a number of milliseconds from ${least} to ${MOST_MS}`);
  }
  return Math.round(value);
}
