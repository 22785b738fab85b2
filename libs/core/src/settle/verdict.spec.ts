import { describe, expect, it, jest, test } from '@jest/globals';
import fc from 'fast-check';

import {
  InvalidDeliveryError,
  InvalidMessageError,
  RejectError,
  RetryError,
  UndecodableError,
} from '../errors.js';
import type { Outcome } from '../message/index.js';
import { SETTLE_DEFAULTS, type SettleOptions } from './options.js';
import { decide, type Verdict } from './verdict.js';

const OPTIONS: SettleOptions = {
  ...SETTLE_DEFAULTS,
  attempts: 3,
  backoff: { type: 'fixed', delayMs: 20 },
};
const KEEPING: SettleOptions = { ...OPTIONS, onExpired: 'dead-letter' };

function failure(error: unknown): Outcome {
  return { kind: 'failure', error };
}

const boom = failure(new TypeError('boom'));
const rejected = failure(new RejectError('no'));
const invalid = failure(new InvalidDeliveryError('bad'));
const sendsInvalid = failure(new InvalidMessageError('bad'));
const later = failure(new RetryError({ afterMs: 7.4 }));
const freely = failure(new RetryError({ afterMs: 7, free: true }));
const poison: Outcome = { kind: 'dead', reason: 'poison', error: new Error('crash') };
const undecodable: Outcome = {
  kind: 'dead',
  reason: 'undecodable',
  error: new UndecodableError('no JSON'),
};

/** Returns a verdict with its error reduced to the name. */
function brief(verdict: Verdict): unknown {
  return 'error' in verdict ? { ...verdict, error: verdict.error?.name } : verdict;
}

const ack = { kind: 'ack' };
const release = { kind: 'release' };

function retry(attempts: number, delayMs: number, error?: string): unknown {
  return { kind: 'retry', delayMs, attempts, error };
}

function dead(reason: string, attempts: number, error?: string): unknown {
  return { kind: 'dead', reason, attempts, error };
}

describe('a delivery', () => {
  // Of three attempts: attempts used up before, and the expected verdict.
  test.each<[string, Outcome, before: number, unknown]>([
    ['succeeds at first', { kind: 'success' }, 0, ack],
    ['succeeds at last', { kind: 'success' }, 2, ack],
    ['succeeds after more crashes than attempts', { kind: 'success' }, 9, ack],

    ['is released at first', { kind: 'released' }, 0, release],
    ['is released at last', { kind: 'released' }, 2, release],

    ['expires', { kind: 'expired' }, 0, ack],
    ['was done already', { kind: 'duplicate' }, 1, ack],
    ['runs elsewhere', { kind: 'postponed', delayMs: 5 }, 0, retry(0, 5)],
    ['runs elsewhere at last', { kind: 'postponed', delayMs: 5 }, 2, retry(2, 5)],

    ['fails at first', boom, 0, retry(1, 20, 'TypeError')],
    ['fails again', boom, 1, retry(2, 20, 'TypeError')],
    ['fails at last', boom, 2, dead('failed', 3, 'TypeError')],
    ['fails after as many crashes as attempts', boom, 3, dead('failed', 3, 'TypeError')],
    ['fails after more crashes than attempts', boom, 9, dead('failed', 3, 'TypeError')],

    ['is rejected at first', rejected, 0, dead('rejected', 1, 'RejectError')],
    ['is rejected at last', rejected, 2, dead('rejected', 3, 'RejectError')],
    ['is invalid at first', invalid, 0, dead('invalid', 1, 'InvalidDeliveryError')],
    ['is invalid at last', invalid, 2, dead('invalid', 3, 'InvalidDeliveryError')],
    ['publishes something invalid', sendsInvalid, 0, retry(1, 20, 'InvalidMessageError')],

    ['asks for a retry at first', later, 0, retry(1, 7, 'RetryError')],
    ['asks for a retry again', later, 1, retry(2, 7, 'RetryError')],
    ['asks for a retry at last', later, 2, dead('failed', 3, 'RetryError')],
    ['asks for a free retry at first', freely, 0, retry(0, 7, 'RetryError')],
    ['asks for a free retry at last', freely, 2, retry(2, 7, 'RetryError')],
    ['asks for a free retry after too many crashes', freely, 9, retry(2, 7, 'RetryError')],

    ['is poison', poison, 2, dead('poison', 2, 'Error')],
    ['cannot be read', undecodable, 0, dead('undecodable', 0, 'UndecodableError')],

    ['throws nothing at first', failure(undefined), 0, retry(1, 20, 'NonError')],
    ['throws nothing at last', failure(undefined), 2, dead('failed', 3, 'NonError')],
    ['throws a text at last', failure('boom'), 2, dead('failed', 3, 'NonError')],
  ])('that %s (%#)', (_, outcome, before, expected) => {
    expect(brief(decide(outcome, before, OPTIONS))).toEqual(expected);
  });

  test.each([
    [0, dead('expired', 0)],
    [2, dead('expired', 2)],
  ])('that expires after %d attempts is a dead letter by choice', (before, expected) => {
    expect(decide({ kind: 'expired' }, before, KEEPING)).toEqual(expected);
  });

  it('with a single attempt is never retried by itself', () => {
    const once = { ...OPTIONS, attempts: 1 };
    expect(brief(decide(boom, 0, once))).toEqual(dead('failed', 1, 'TypeError'));
    expect(brief(decide(later, 0, once))).toEqual(dead('failed', 1, 'RetryError'));
    expect(brief(decide(freely, 0, once))).toEqual(retry(0, 7, 'RetryError'));
  });

  it('is retried by the backoff of its route, which gets the attempt and what was thrown', () => {
    const thrown = new Error('boom');
    const calls: unknown[] = [];
    const backoff = (...call: unknown[]): number => calls.push(call) * 50;
    expect(decide(failure(thrown), 1, { ...OPTIONS, backoff })).toMatchObject({ delayMs: 50 });
    expect(calls).toEqual([[2, thrown]]);
  });

  it('tells why it failed', () => {
    expect(decide(boom, 0, OPTIONS)).toMatchObject({
      error: { name: 'TypeError', message: 'boom', stack: expect.stringContaining('boom') },
    });
  });

  it('never uses up more attempts than the limit, and never fewer than before', () => {
    const outcomes = fc.constantFrom(boom, rejected, invalid, later, undecodable, poison);
    const most = fc.integer({ min: 1, max: 20 });
    fc.assert(
      fc.property(outcomes, most, fc.nat({ max: 30 }), (outcome, attempts, before) => {
        const verdict = decide(outcome, Math.min(before, attempts - 1), { ...OPTIONS, attempts });
        const used = 'attempts' in verdict ? verdict.attempts : NaN;
        expect(used).toBeLessThanOrEqual(attempts);
        expect(used).toBeGreaterThanOrEqual(Math.min(before, attempts - 1));
        if (verdict.kind === 'retry') expect(used).toBeLessThan(attempts);
      }),
    );
  });
});

it('an error from another copy of the package decides like our own', async () => {
  jest.resetModules();
  const theirs = await import('../errors.js');
  expect(theirs.RejectError).not.toBe(RejectError);
  const decided = (error: Error) => decide(failure(error), 0, OPTIONS);
  expect(decided(new theirs.RejectError())).toMatchObject({ kind: 'dead', reason: 'rejected' });
  expect(decided(new theirs.InvalidDeliveryError('no'))).toMatchObject({ reason: 'invalid' });
  const later = new theirs.RetryError({ afterMs: 3_600_000, free: true });
  expect(decided(later)).toMatchObject({ kind: 'retry', delayMs: 3_600_000, attempts: 0 });
});
