import { performance as clock } from 'node:perf_hooks';

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { TrimmedStates } from './trimmed-states.js';

let now: number;
let states: TrimmedStates;

beforeEach(() => {
  now = 5;
  jest.spyOn(clock, 'now').mockImplementation(() => now);
  states = new TrimmedStates(1_000);
});

afterEach(() => {
  jest.restoreAllMocks();
});

describe('a route', () => {
  it('is worth trimming until it has been trimmed in this state', () => {
    expect(states.isWorthALook('a', 'one')).toBe(true);
    expect(states.isWorthALook('a', 'one')).toBe(true);
    states.note('a', 'one');
    expect(states.isWorthALook('a', 'one')).toBe(false);
    expect(states.isWorthALook('a', 'two')).toBe(true);
    expect(states.isWorthALook('b', 'one')).toBe(true);
  });

  it('is worth trimming now and then even when nothing has changed', () => {
    states.note('a', 'one');
    now += 999;
    expect(states.isWorthALook('a', 'one')).toBe(false);
    now += 1;
    expect(states.isWorthALook('a', 'one')).toBe(true);
  });

  it('is worth trimming in any state after the rules have changed', () => {
    states.note('a', 'one');
    states.clear();
    expect(states.isWorthALook('a', 'one')).toBe(true);
  });

  it('is never worth trimming when it has nothing to trim', () => {
    expect(states.isWorthALook('a', '')).toBe(false);
    now += 10_000;
    expect(states.isWorthALook('a', '')).toBe(false);
  });
});
