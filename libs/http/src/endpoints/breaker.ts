/**
 * State of an endpoint's breaker.
 *
 * - `closed`: requests go out as the endpoint's own limits say.
 * - `open`: none does until `until`.
 * - `probe`: one request is under way to see whether the receiver is back; if nothing is heard of it by `until`, another
 *   one may go.
 * - `ramp`: 2 ** `level` requests a second; a success a second after `since` doubles it.
 */
export type Breaker =
  | { readonly state: 'closed'; readonly failures: number }
  | { readonly state: 'open'; readonly until: number; readonly round: number }
  | { readonly state: 'probe'; readonly until: number; readonly round: number }
  | {
      readonly state: 'ramp';
      readonly level: number;
      readonly since: number;
      readonly failures: number;
      readonly round: number;
    };

/** Events that a breaker reacts to. */
export type BreakerEvent =
  | { readonly kind: 'success' }
  | { readonly kind: 'failed' }
  /** Carries the delay that the receiver asked for, in ms. */
  | { readonly kind: 'slow-down'; readonly retryAfterMs?: number | undefined }
  /** A request goes out that `breakerPermit` has granted as a probe; within `leaseMs` it is over. */
  | { readonly kind: 'probe'; readonly leaseMs: number };

export const CLOSED: Breaker = Object.freeze({ state: 'closed', failures: 0 });
/** The state of an endpoint that is enabled again: one probe first. */
export const HALF_OPEN: Breaker = Object.freeze({ state: 'open', until: 0, round: 0 });

const BREAKER = Object.freeze({
  /** Failures in a row that open it. */
  failures: 10,
  /** The same during a ramp: one message that the receiver cannot take does not undo its recovery. */
  rampFailures: 3,
  openMs: 30_000,
  /** Each probe that fails doubles the time until the next, up to this. */
  openMaxMs: 10 * 60_000,
  /** A receiver cannot keep itself away for longer by `retry-after`. */
  retryAfterMaxMs: 60 * 60_000,
  /** At this rate and no lower limit the ramp is over: 2 ** 7 = 128 a second. */
  topLevel: 7,
  stepMs: 1_000,
});

/**
 * Decides the next state of a breaker. Pure.
 *
 * @param now epoch ms
 * @param limitPerSecond the endpoint's own rate, at which a ramp is over
 */
export function nextBreaker(
  breaker: Breaker,
  event: BreakerEvent,
  now: number,
  limitPerSecond = Infinity,
): Breaker {
  switch (event.kind) {
    case 'success':
      return afterSuccess(breaker, now, limitPerSecond);
    case 'failed':
      return afterFailure(breaker, now, 0);
    case 'slow-down':
      return afterSlowDown(breaker, now, event.retryAfterMs ?? 0);
    case 'probe':
      return breaker.state === 'open' || breaker.state === 'probe'
        ? { state: 'probe', until: now + event.leaseMs, round: breaker.round }
        : breaker;
    default:
      return event satisfies never;
  }
}

/** Limits on the requests that may go out now. */
export interface BreakerPermit {
  /** Nothing before that instant, epoch ms; 0 for now. */
  readonly at: number;
  /** Requests under way at a time, at most. */
  readonly concurrency: number;
  /** Requests a second, at most. */
  readonly perSecond: number;
  /** True when the next request is a probe; send the breaker a `probe` event before it. */
  readonly isProbe: boolean;
}

/** Pure. */
export function breakerPermit(breaker: Breaker, now: number): BreakerPermit {
  const free = { at: 0, concurrency: Infinity, perSecond: Infinity, isProbe: false };
  switch (breaker.state) {
    case 'closed':
      return free;
    case 'open':
    case 'probe': {
      const at = breaker.until > now ? breaker.until : 0;
      return { at, concurrency: 1, perSecond: 1, isProbe: true };
    }
    case 'ramp':
      return { ...free, perSecond: 2 ** breaker.level };
    default:
      return breaker satisfies never;
  }
}

function afterSuccess(breaker: Breaker, now: number, limitPerSecond: number): Breaker {
  switch (breaker.state) {
    case 'closed':
      return breaker.failures === 0 ? breaker : CLOSED;
    // Requests from before it opened are answered late; what the receiver asked for by `retry-after` still holds.
    case 'open':
      return breaker;
    case 'probe':
      return { state: 'ramp', level: 0, since: now, failures: 0, round: breaker.round };
    case 'ramp': {
      if (now - breaker.since < BREAKER.stepMs) return { ...breaker, failures: 0 };
      const level = breaker.level + 1;
      if (level > BREAKER.topLevel || 2 ** level >= limitPerSecond) return CLOSED;
      return { ...breaker, level, since: now, failures: 0 };
    }
    default:
      return breaker satisfies never;
  }
}

function afterFailure(breaker: Breaker, now: number, leastMs: number): Breaker {
  switch (breaker.state) {
    case 'closed': {
      const failures = breaker.failures + 1;
      return failures < BREAKER.failures ? { state: 'closed', failures } : open(0, now, leastMs);
    }
    // Late answers to requests from before it opened.
    case 'open':
      return { ...breaker, until: Math.max(breaker.until, now + leastMs) };
    case 'probe':
      return open(breaker.round + 1, now, leastMs);
    case 'ramp': {
      const failures = breaker.failures + 1;
      if (failures < BREAKER.rampFailures) return { ...breaker, failures };
      return open(breaker.round + 1, now, leastMs);
    }
    default:
      return breaker satisfies never;
  }
}

/** With `retry-after` nothing goes out until then; without, the rate begins at one a second again. */
function afterSlowDown(breaker: Breaker, now: number, retryAfterMs: number): Breaker {
  const askedMs = Math.min(retryAfterMs, BREAKER.retryAfterMaxMs);
  if (breaker.state !== 'closed' && breaker.state !== 'ramp') {
    return afterFailure(breaker, now, askedMs);
  }
  const round = breaker.state === 'ramp' ? breaker.round : 0;
  if (askedMs > 0) return { state: 'open', until: now + askedMs, round };
  const next = afterFailure(breaker, now, 0);
  if (next.state !== 'closed' && next.state !== 'ramp') return next;
  return { state: 'ramp', level: 0, since: now, failures: next.failures, round };
}

function open(round: number, now: number, leastMs: number): Breaker {
  const backoff = Math.min(BREAKER.openMs * 2 ** round, BREAKER.openMaxMs);
  return { state: 'open', until: now + Math.max(backoff, leastMs), round };
}
