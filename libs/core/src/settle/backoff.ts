import { ConfigError } from '../errors.js';
import { known, type ForeignNames } from '../option-values.js';

/** Rule for the delay before a failed delivery is retried. */
export type Backoff =
  | {
      readonly type: 'exponential';
      /** Delay after the first failure, in ms. @default 1_000 */
      readonly baseMs?: number;
      /** Growth of the delay per attempt. @default 2 */
      readonly factor?: number;
      /** Maximum delay, in ms. @default 300_000 */
      readonly capMs?: number;
      /** `equal`: between half and all of the delay; `full`: between zero and all of it. @default 'equal' */
      readonly jitter?: 'equal' | 'full' | 'none';
    }
  | { readonly type: 'fixed'; readonly delayMs: number }
  /**
   * @param attempt the attempt that just failed, 1 for the first
   * @param error the error that the handler threw
   * @returns the delay in ms, or `dead` to dead-letter the message at once; or a promise of either, awaited for up to 10 s
   */
  | ((attempt: number, error: unknown) => BackoffAnswer | Promise<BackoffAnswer>);

/** Delay before the next attempt in ms, or `dead` for no further attempt. */
export type BackoffAnswer = number | 'dead';

// Ten attempts span four to eight minutes, so a short outage downstream causes no dead letters.
export const BACKOFF_DEFAULTS = Object.freeze({
  type: 'exponential',
  baseMs: 1_000,
  factor: 2,
  capMs: 5 * 60_000,
  jitter: 'equal',
} as const);

/**
 * Decides when a failed delivery is retried. Pure, given `random`.
 *
 * @param attempt the attempt that just failed, 1 for the first
 * @returns delay in ms; for the default between half and all of `min(capMs, baseMs * factor ** (attempt - 1))`
 * @throws {ConfigError} if a custom function returns anything but 0 or more
 */
export function backoffMs(
  backoff: Backoff,
  attempt: number,
  error?: unknown,
  random: () => number = Math.random,
): number {
  if (typeof backoff === 'function') return delayOf(backoff(attempt, error));
  if (backoff.type === 'fixed') return Math.round(backoff.delayMs);
  const {
    baseMs = BACKOFF_DEFAULTS.baseMs,
    factor = BACKOFF_DEFAULTS.factor,
    capMs = BACKOFF_DEFAULTS.capMs,
    jitter = BACKOFF_DEFAULTS.jitter,
  } = backoff;
  // After many attempts the power is infinite, and 0 * Infinity is NaN.
  const full = baseMs === 0 ? 0 : Math.min(capMs, baseMs * factor ** (attempt - 1));
  const least = { equal: 0.5, full: 0, none: 1 }[jitter];
  return Math.round(full * (least + random() * (1 - least)));
}

/** Like {@link backoffMs}, but a custom function may also decide that the delivery is dead. */
export function answerOf(backoff: Backoff, attempt: number, error: unknown): BackoffAnswer {
  if (typeof backoff !== 'function') return backoffMs(backoff, attempt);
  const given = backoff(attempt, error);
  return given === 'dead' ? given : delayOf(given);
}

function delayOf(given: unknown): number {
  if (typeof given !== 'number' || !Number.isFinite(given) || given < 0) {
    throw ConfigError.option(
      'backoff',
      given,
      'a function that returns 0 or more milliseconds, or "dead"',
    );
  }
  return Math.round(given);
}

const PARTS = {
  exponential: ['type', 'baseMs', 'factor', 'capMs', 'jitter'],
  fixed: ['type', 'delayMs'],
} as const;
const FOREIGN: ForeignNames = Object.freeze({
  delay: 'give "baseMs", or "delayMs" with { type: "fixed" }',
  initialDelay: 'give "baseMs"',
  minTimeout: 'give "baseMs"',
  min: 'give "baseMs"',
  max: 'give "capMs"',
  maxDelay: 'give "capMs"',
  maxMs: 'give "capMs"',
  maxTimeout: 'give "capMs"',
  multiplier: 'give "factor"',
  randomize: 'give "jitter"',
});

/** @throws {ConfigError} naming the part that is not valid */
export function validBackoff(backoff: Backoff): Backoff {
  if (typeof backoff === 'function') return backoff;
  if (typeof backoff !== 'object' || (backoff as unknown) === null) {
    throw ConfigError.option('backoff', backoff, 'an object with a "type", or a function');
  }
  const type: string = backoff.type;
  if (Object.hasOwn(PARTS, type))
    known(`a backoff that is ${type}`, backoff, PARTS[backoff.type], FOREIGN);
  if (backoff.type === 'fixed') {
    atLeast('backoff.delayMs', backoff.delayMs, 0);
  } else if (type === 'exponential') {
    if (backoff.baseMs !== undefined) atLeast('backoff.baseMs', backoff.baseMs, 0);
    if (backoff.factor !== undefined) atLeast('backoff.factor', backoff.factor, 1);
    if (backoff.capMs !== undefined) atLeast('backoff.capMs', backoff.capMs, 0);
    if (backoff.jitter !== undefined && !['equal', 'full', 'none'].includes(backoff.jitter)) {
      throw ConfigError.option('backoff.jitter', backoff.jitter, '"equal", "full" or "none"');
    }
  } else {
    throw ConfigError.option('backoff.type', type, '"exponential" or "fixed"');
  }
  return backoff;
}

function atLeast(name: string, value: number, least: number): void {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < least) {
    throw ConfigError.option(name, value, `a number, ${least} or more`);
  }
}
