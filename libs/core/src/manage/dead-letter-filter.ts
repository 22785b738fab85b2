import { ConfigError } from '../errors.js';
import type { DeadReason } from '../message/index.js';
import type { DeadLetter } from './dead-letter.js';
import { fingerprintOf } from './fingerprint.js';

/** Which dead letters; everything that is given must hold. */
export interface DeadLetterFilter {
  readonly reason?: DeadReason | readonly DeadReason[];
  /** The error's name, `TypeError` for example. */
  readonly errorName?: string;
  /** One of `fingerprints()`. */
  readonly fingerprint?: string;
  /** When it died, epoch ms on the server's clock, both ends included. */
  readonly from?: number;
  readonly to?: number;
  /** Is in its message id, its payload or headers as JSON, or its error's message; upper and lower case are the same. */
  readonly text?: string;
}

export const FILTER_NAMES = ['reason', 'errorName', 'fingerprint', 'from', 'to', 'text'] as const;

const REASONS: readonly DeadReason[] = [
  'failed',
  'rejected',
  'invalid',
  'expired',
  'poison',
  'undecodable',
];

/** Which entries of a dead-letter queue to look at, as XRANGE wants them. */
export interface DeadLetterRange {
  readonly start: string;
  readonly end: string;
}

/** @throws {ConfigError} for what is not acceptable */
export function rangeOf({ from, to }: DeadLetterFilter): DeadLetterRange {
  for (const [name, value] of Object.entries({ from, to })) {
    if (value !== undefined && (!Number.isSafeInteger(value) || value < 0)) {
      throw ConfigError.option(name, value, 'an instant, epoch ms');
    }
  }
  return {
    start: from === undefined ? '-' : String(from),
    end: to === undefined ? '+' : String(to),
  };
}

/**
 * Whether a dead letter is one of those that are meant, time aside.
 *
 * @throws {ConfigError} for what is not acceptable
 */
export function matcherOf(filter: DeadLetterFilter): (letter: DeadLetter) => boolean {
  const reasons = filter.reason === undefined ? undefined : [filter.reason].flat();
  for (const reason of reasons ?? []) {
    if (!REASONS.includes(reason)) throw ConfigError.option('reason', reason, REASONS.join(', '));
  }
  for (const name of ['errorName', 'fingerprint', 'text'] as const) {
    const value: unknown = filter[name];
    if (value !== undefined && (typeof value !== 'string' || value === '')) {
      throw ConfigError.option(name, value, 'a text of 1 character or more');
    }
  }
  const { errorName, fingerprint } = filter;
  const text = filter.text?.toLowerCase();
  return (letter) =>
    (reasons === undefined || reasons.includes(letter.reason)) &&
    (errorName === undefined || letter.error?.name === errorName) &&
    (fingerprint === undefined || fingerprintOf(letter) === fingerprint) &&
    (text === undefined || textsOf(letter).some((each) => each.toLowerCase().includes(text)));
}

function textsOf({ messageId, data, headers, error, raw }: DeadLetter): string[] {
  return [
    messageId,
    data === undefined ? '' : JSON.stringify(data),
    JSON.stringify(headers),
    error?.message ?? '',
    error?.cause?.message ?? '',
    ...(raw ?? []).map(String),
  ];
}
