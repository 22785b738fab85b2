import { expect, test } from '@jest/globals';

import type { Subscription } from '../route/subscription.js';
import { BareRoutes } from './bare-routes.js';

const [one, other] = [{ path: 'one' }, { path: 'other' }] as unknown as [
  Subscription,
  Subscription,
];

test('a route with nothing pending is looked at again after one lease, not before', () => {
  const bare = new BareRoutes(30_000);
  bare.note(one, true, 1_000);
  expect(bare.worthALook([one, other], 30_999)).toEqual([other]);
  expect(bare.worthALook([one, other], 31_000)).toEqual([one, other]);
});

test('a route with something pending is looked at each time', () => {
  const bare = new BareRoutes(30_000);
  bare.note(one, true, 0);
  bare.note(other, true, 0);
  bare.note(other, false, 10_000);
  expect(bare.worthALook([one, other], 10_001)).toEqual([other]);
});

test('one route is looked at when none needs it, because the look shows steps of the clock', () => {
  const bare = new BareRoutes(30_000);
  bare.note(one, true, 0);
  bare.note(other, true, 0);
  expect(bare.worthALook([one, other], 1)).toEqual([one]);
  expect(bare.worthALook([], 1)).toEqual([]);
});

test('every route is looked at after the clock or the history of the server has changed', () => {
  const bare = new BareRoutes(30_000);
  bare.note(one, true, 0);
  bare.note(other, true, 0);
  bare.forget();
  expect(bare.worthALook([one, other], 1)).toEqual([one, other]);
});
