import { describe, expect, it } from '@jest/globals';

import { median, percentile, summarize } from './statistics.js';

describe('median', () => {
  it.each([
    [[3], 3],
    [[9, 1, 5], 5],
    [[4, 1, 3, 2], 2.5],
    [[10, 9, 100], 10],
  ])('of %j is %d, whatever the order', (values, expected) => {
    expect(median(values)).toBe(expected);
  });

  it('of nothing is an error', () => {
    expect(() => median([])).toThrow(RangeError);
  });
});

describe('percentile', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);

  it.each([
    [0.5, 50],
    [0.99, 99],
    [1, 100],
    [0, 1],
  ])('%d of 1 to 100 is %d', (part, expected) => {
    expect(percentile(hundred, part)).toBe(expected);
  });

  it('is one of the values, never something between two', () => {
    expect(percentile([1, 1_000], 0.5)).toBe(1);
    expect(percentile([1, 1_000], 0.51)).toBe(1_000);
  });

  it('leaves the values in their order', () => {
    const values = [3, 1, 2];
    percentile(values, 0.5);
    expect(values).toEqual([3, 1, 2]);
  });
});

it('a summary has the extremes beside the median', () => {
  expect(summarize([5, 20, 10])).toEqual({ median: 10, min: 5, max: 20 });
});
