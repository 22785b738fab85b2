import { performance as clock } from 'node:perf_hooks';

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';

import { DueTimes } from './due-times.js';

let looks: string[][];
let due: DueTimes;

/** The clock that the sources import is not the global one that Jest replaces: it is made to follow it. */
beforeEach(() => {
  jest.useFakeTimers();
  jest.spyOn(clock, 'now').mockImplementation(() => performance.now());
  looks = [];
  due = new DueTimes((paths) => looks.push([...paths]));
});

afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
});

describe('a route', () => {
  it('is examined once when it is due', () => {
    due.noLaterThan('a', 100);
    jest.advanceTimersByTime(99);
    expect(looks).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(looks).toEqual([['a']]);
    jest.advanceTimersByTime(1_000_000);
    expect(looks).toEqual([['a']]);
  });

  it('is examined earlier, never later, when it is planned again', () => {
    due.noLaterThan('a', 100);
    due.noLaterThan('a', 50);
    due.noLaterThan('a', 200);
    jest.advanceTimersByTime(50);
    expect(looks).toEqual([['a']]);
    jest.advanceTimersByTime(1_000);
    expect(looks).toEqual([['a']]);
  });

  it('is examined soon, but never within the call, when it is already due', () => {
    due.noLaterThan('a', 0);
    due.noLaterThan('b', -100);
    expect(looks).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(looks.flat().sort()).toEqual(['a', 'b']);
  });

  it('may be planned again while it is being examined', () => {
    due = new DueTimes((paths) => {
      looks.push([...paths]);
      if (looks.length < 3) due.noLaterThan('a', 10);
    });
    due.noLaterThan('a', 10);
    jest.advanceTimersByTime(29);
    expect(looks).toHaveLength(2);
    jest.advanceTimersByTime(1_000);
    expect(looks).toHaveLength(3);
  });

  it('is known once it has been planned', () => {
    expect(due.has('a')).toBe(false);
    due.noLaterThan('a', 5);
    jest.advanceTimersByTime(5);
    expect(due.has('a')).toBe(true);
    expect([...due.paths]).toEqual(['a']);
  });

  it('that is due in a hundred days is not examined earlier and causes no busy loop', () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const timer = jest.spyOn(globalThis, 'setTimeout');
    const day = 86_400_000;
    due.noLaterThan('a', 100 * day);
    jest.advanceTimersByTime(100);
    expect(timer).toHaveBeenCalledTimes(1);
    jest.advanceTimersByTime(99 * day);
    expect(looks).toEqual([]);
    expect(timer.mock.calls.length).toBeLessThan(10);
    expect(Math.max(...timer.mock.calls.map(([, inMs]) => inMs ?? 0))).toBeLessThan(2 ** 31);
    jest.advanceTimersByTime(day);
    expect(looks).toEqual([['a']]);
    expect(warn).not.toHaveBeenCalled();
  });
});

describe('many routes', () => {
  it('share one timer, and are examined together when they are due together', () => {
    due.noLaterThan('a', 100);
    due.noLaterThan('b', 50);
    due.noLaterThan('c', 100);
    due.noLaterThan('d', 150);
    expect(jest.getTimerCount()).toBe(1);
    jest.advanceTimersByTime(200);
    expect(looks).toEqual([['b'], ['a', 'c'], ['d']]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('are examined early with a route that is due, within their spare time, but never early alone', () => {
    due.noLaterThan('a', 100);
    due.noLaterThan('b', 150, 50);
    due.noLaterThan('c', 151, 50);
    due.noLaterThan('d', 150);
    jest.advanceTimersByTime(99);
    expect(looks).toEqual([]);
    jest.advanceTimersByTime(1_000);
    expect(looks).toEqual([
      ['a', 'b'],
      ['d', 'c'],
    ]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('that are due at an instant are not examined earlier, even after a plan with spare time', () => {
    due.noLaterThan('a', 100);
    due.noLaterThan('b', 500, 450);
    due.noLaterThan('b', 200);
    jest.advanceTimersByTime(199);
    expect(looks).toEqual([['a']]);
    jest.advanceTimersByTime(1_000);
    expect(looks).toEqual([['a'], ['b']]);
  });

  it('are each examined when due, in whatever order they were planned', () => {
    const plans = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.nat({ max: 100 })));
    fc.assert(
      fc.property(plans, (some) => {
        const looked = new Map<string, number>();
        const planned = new Map<string, number>();
        const start = performance.now();
        due = new DueTimes((paths) => {
          for (const path of paths) looked.set(path, performance.now() - start);
        });
        for (const [path, inMs] of some) {
          due.noLaterThan(path, inMs);
          planned.set(path, Math.min(planned.get(path) ?? Infinity, inMs));
        }
        jest.advanceTimersByTime(101);
        expect(new Set(looked.keys())).toEqual(new Set(planned.keys()));
        for (const [path, inMs] of planned) {
          expect(looked.get(path)).toBeGreaterThanOrEqual(inMs);
          expect(looked.get(path)).toBeLessThanOrEqual(inMs + 1);
        }
      }),
    );
  });
});

describe('stopped due times', () => {
  it('examine nothing and leave no timer', () => {
    due.noLaterThan('a', 10);
    due.stop();
    due.noLaterThan('b', 5);
    expect(jest.getTimerCount()).toBe(0);
    jest.advanceTimersByTime(1_000);
    expect(looks).toEqual([]);
  });
});
