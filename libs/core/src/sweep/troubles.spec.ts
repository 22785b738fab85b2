import { expect, test } from '@jest/globals';

import { Troubles } from './troubles.js';

test('a problem is news once, and again after it was solved or has changed', () => {
  const troubles = new Troubles();
  expect(troubles.isNews('a', 'broken')).toBe(true);
  expect(troubles.isNews('a', 'broken')).toBe(false);
  expect(troubles.isNews('b', 'broken')).toBe(true);
  expect(troubles.isNews('a', 'gone')).toBe(true);
  troubles.over('a');
  expect(troubles.isNews('a', 'gone')).toBe(true);
});

test('the memory for problems is bounded: the oldest problem becomes news again', () => {
  const troubles = new Troubles();
  for (let n = 0; n <= 1_000; n += 1) troubles.isNews(`thing ${n}`, '');
  expect(troubles.isNews('thing 1000', '')).toBe(false);
  expect(troubles.isNews('thing 0', '')).toBe(true);
});
