import { performance } from 'node:perf_hooks';

import { describe, expect, test } from '@jest/globals';

import { InFlight, type History } from '../message/index.js';
import { nextHistory } from './next-history.js';
import type { Verdict } from './verdict.js';

const NOW = 1_700_000_000_000;
const ERROR = { name: 'Error', message: 'x' };
const DEAD: Verdict = { kind: 'dead', reason: 'failed', attempts: 3, error: ERROR };
const RELEASE: Verdict = { kind: 'release' };

/** Builds a delivery whose handler began the given time ago; never if undefined. */
function delivery(startedMsAgo: number | undefined, history?: History): InFlight<unknown> {
  const fields = history === undefined ? [] : ['m', JSON.stringify(history)];
  const claim = {
    ...{ source: 'log' as const, entryId: '5-1', deliveries: 2 },
    fields: [...fields, 'd', '1'],
  };
  const inFlight = new InFlight<unknown>(undefined, claim, Infinity);
  if (startedMsAgo !== undefined) inFlight.startedAt = performance.now() - startedMsAgo;
  return inFlight;
}

describe('the next history of a message', () => {
  test('says when the first attempt began, on the clock of the server', () => {
    const history = nextHistory(delivery(500), DEAD, NOW);
    expect(history).toMatchObject({
      ...{ origin: '5-1', attempts: 3, crashes: 1, reason: 'failed', error: ERROR },
    });
    expect(history.firstAt).toBeGreaterThan(NOW - 520);
    expect(history.firstAt).toBeLessThanOrEqual(NOW - 500);
    expect(history.lastAt).toBe(history.firstAt);
  });

  test('keeps the start of the first attempt when there are more', () => {
    const before = { origin: '1-1', attempts: 1, crashes: 0, replays: 2, firstAt: 7, lastAt: 8 };
    const history = nextHistory(delivery(0, before), DEAD, NOW);
    expect(history).toMatchObject({ origin: '1-1', firstAt: 7, replays: 2 });
    expect(history.lastAt).toBeGreaterThan(NOW - 20);
  });

  test('keeps the times and the last error when the delivery never began', () => {
    const before = { origin: '1-1', attempts: 1, crashes: 0, error: ERROR, firstAt: 7, lastAt: 8 };
    expect(nextHistory(delivery(undefined, before), RELEASE, NOW)).toEqual({
      ...{ origin: '1-1', attempts: 2, crashes: 1, error: ERROR, firstAt: 7, lastAt: 8 },
    });
    const nothing = nextHistory(delivery(undefined), RELEASE, NOW);
    expect(Object.keys(nothing)).toEqual(['origin', 'attempts', 'crashes']);
  });

  test('contains no times before the clock of the server is known', () => {
    expect(nextHistory(delivery(5), DEAD, Number.NaN).firstAt).toBeUndefined();
  });
});
