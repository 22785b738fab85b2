import { performance as clock } from 'node:perf_hooks';

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { Timeouts } from './timeouts.js';

const TIMEOUT_MS = 100;

let timedOut: [item: string, at: number][];
let timeouts: Timeouts<string>;
let start: number;

/** The sources import their clock, so Jest's fake one does not replace it; it is made to follow the fake one here. */
beforeEach(() => {
  jest.useFakeTimers();
  jest.spyOn(clock, 'now').mockImplementation(() => performance.now());
  start = performance.now();
  timedOut = [];
  timeouts = new Timeouts(TIMEOUT_MS, (item) => timedOut.push([item, performance.now() - start]));
});

afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
});

describe('a running item', () => {
  it('times out once, after its time limit', () => {
    timeouts.add('a');
    jest.advanceTimersByTime(TIMEOUT_MS - 1);
    expect(timedOut).toEqual([]);
    jest.advanceTimersByTime(10 * TIMEOUT_MS);
    expect(timedOut).toEqual([['a', TIMEOUT_MS]]);
  });

  it('times out after its own limit, with one timer for all items', () => {
    timeouts.add('a');
    jest.advanceTimersByTime(30);
    timeouts.add('b');
    timeouts.add('c');
    jest.advanceTimersByTime(50);
    timeouts.add('d');
    expect(jest.getTimerCount()).toBe(1);
    jest.advanceTimersByTime(1_000);
    expect(timedOut).toEqual([
      ['a', 100],
      ['b', 130],
      ['c', 130],
      ['d', 180],
    ]);
  });

  it('does not time out after it has ended, and leaves no timer behind', () => {
    timeouts.add('a');
    timeouts.add('b');
    timeouts.delete('a');
    expect(jest.getTimerCount()).toBe(1);
    timeouts.delete('b');
    expect(jest.getTimerCount()).toBe(0);
    jest.advanceTimersByTime(1_000);
    expect(timedOut).toEqual([]);
  });

  it('keeps its own limit when an earlier item has ended', () => {
    timeouts.add('a');
    jest.advanceTimersByTime(60);
    timeouts.add('b');
    timeouts.delete('a');
    jest.advanceTimersByTime(99);
    expect(timedOut).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(timedOut).toEqual([['b', 160]]);
  });

  it('is watched again after nothing has run for a while', () => {
    timeouts.add('a');
    timeouts.delete('a');
    jest.advanceTimersByTime(500);
    timeouts.add('b');
    jest.advanceTimersByTime(TIMEOUT_MS);
    expect(timedOut).toEqual([['b', 600]]);
  });

  it('may be unknown when it is reported as ended', () => {
    timeouts.add('a');
    timeouts.delete('unknown');
    jest.advanceTimersByTime(TIMEOUT_MS);
    expect(timedOut).toEqual([['a', TIMEOUT_MS]]);
    timeouts.delete('a');
    expect(timedOut).toHaveLength(1);
  });
});

describe('a timeout', () => {
  it('may end other items before their timeout', () => {
    timeouts = new Timeouts(TIMEOUT_MS, (item) => {
      timedOut.push([item, performance.now() - start]);
      timeouts.delete('b');
    });
    for (const item of ['a', 'b', 'c']) timeouts.add(item);
    jest.advanceTimersByTime(1_000);
    expect(timedOut.map(([item]) => item)).toEqual(['a', 'c']);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('may start other items, still with one timer for all', () => {
    timeouts = new Timeouts(TIMEOUT_MS, (item) => {
      timedOut.push([item, performance.now() - start]);
      if (item.length < 3) timeouts.add(`${item}!`);
    });
    timeouts.add('a');
    jest.advanceTimersByTime(50);
    timeouts.add('b');
    jest.advanceTimersByTime(50);
    expect(jest.getTimerCount()).toBe(1);
    jest.advanceTimersByTime(1_000);
    expect(timedOut).toEqual([
      ['a', 100],
      ['b', 150],
      ['a!', 200],
      ['b!', 250],
      ['a!!', 300],
      ['b!!', 350],
    ]);
    expect(jest.getTimerCount()).toBe(0);
  });
});
