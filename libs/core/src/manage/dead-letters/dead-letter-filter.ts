import { ConfigError } from '../../errors.js';
import type { DeadReason, ErrorSummary } from '../../message/index.js';
import type { DeadLetter } from './dead-letter.js';
import { fingerprintOf } from './fingerprint.js';

/** Filter for dead letters; all conditions given must hold. */
export interface DeadLetterFilter {
  readonly reason?: DeadReason | readonly DeadReason[];
  /** Name of the error, for example `TypeError`. */
  readonly errorName?: string;
  /** A fingerprint from `fingerprints()`. */
  readonly fingerprint?: string;
  /** Earliest time of death, epoch ms on the server's clock, inclusive. */
  readonly from?: number;
  /** Latest time of death, epoch ms on the server's clock, inclusive. */
  readonly to?: number;
  /** Code of its error, or of one of that error's causes; a list matches any of them. */
  readonly code?: string | number | readonly (string | number)[];
  /** HTTP status of its error, or of one of that error's causes; a list matches any of them. */
  readonly status?: number | readonly number[];
  /** Text in its message id, in its payload or headers as JSON, or in the record of its error; case-insensitive. */
  readonly text?: string;
}

export const FILTER_NAMES = [
  ...(['reason', 'errorName', 'fingerprint', 'code', 'status', 'from', 'to', 'text'] as const),
] as const;

const REASONS: readonly DeadReason[] = [
  'failed',
  'rejected',
  'invalid',
  'expired',
  'poison',
  'undecodable',
];

/** Range of entries of a dead-letter queue, in the form that XRANGE takes. */
export interface DeadLetterRange {
  readonly start: string;
  readonly end: string;
}

/** @throws {ConfigError} for a value that is not valid */
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
 * Returns a predicate for all conditions of a filter but its times.
 *
 * @throws {ConfigError} for a value that is not valid
 */
export function matcherOf(filter: DeadLetterFilter): (letter: DeadLetter) => boolean {
  const reasons = filter.reason === undefined ? undefined : [filter.reason].flat();
  for (const reason of reasons ?? []) {
    if (!REASONS.includes(reason)) throw ConfigError.option('reason', reason, REASONS.join(', '));
  }
  for (const name of ['errorName', 'fingerprint', 'text'] as const) {
    const value: unknown = filter[name];
    if (value !== undefined && (typeof value !== 'string' || value === '')) {
      throw ConfigError.option(name, value, 'a non-empty string');
    }
  }
  const codes = anyOf('code', filter.code, ['string', 'number']);
  const statuses = anyOf('status', filter.status, ['number']);
  const { errorName, fingerprint } = filter;
  const text = filter.text?.toLowerCase();
  return (letter) =>
    (reasons === undefined || reasons.includes(letter.reason)) &&
    (errorName === undefined || letter.error?.name === errorName) &&
    (codes === undefined || hasFact(letter.error, ({ code }) => codes.has(String(code)))) &&
    (statuses === undefined ||
      hasFact(letter.error, ({ status }) => statuses.has(String(status)))) &&
    (fingerprint === undefined || fingerprintOf(letter) === fingerprint) &&
    (text === undefined || textsOf(letter).some((each) => each.toLowerCase().includes(text)));
}

/** Returns the given values as texts. @throws {ConfigError} for a value of another type */
function anyOf(name: string, given: unknown, types: readonly string[]): Set<string> | undefined {
  if (given === undefined) return undefined;
  const all: unknown[] = [given].flat();
  if (all.length === 0 || !all.every((each) => types.includes(typeof each) && each !== '')) {
    throw ConfigError.option(name, given, `a ${types.join(' or a ')}, or a list of them`);
  }
  return new Set(all.map(String));
}

/** Returns true when the error, or one of its causes, has the given value. */
function hasFact(
  error: ErrorSummary | undefined,
  isWanted: (error: ErrorSummary) => boolean,
): boolean {
  if (error === undefined) return false;
  const { cause, errors = [] } = error;
  return isWanted(error) || [cause, ...errors].some((each) => hasFact(each, isWanted));
}

function textsOf({ messageId, data, headers, error, raw }: DeadLetter): string[] {
  return [
    messageId,
    data === undefined ? '' : JSON.stringify(data),
    JSON.stringify(headers),
    ...textsIn(error),
    ...(raw ?? []).map(String),
  ];
}

/** Returns all texts of an error's record. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(textsIn);
  return typeof value === 'string' || typeof value === 'number' ? [String(value)] : [];
}
