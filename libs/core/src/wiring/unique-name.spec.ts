import { expect, test } from '@jest/globals';

import { uniqueName } from './unique-name.js';

test('a unique name begins with the given one and ends in 128 random bits', () => {
  const pattern = new RegExp(`^orders_eu-${process.pid}-[A-Za-z0-9_-]{22}$`);
  const names = Array.from({ length: 100 }, () => uniqueName('orders eu'));
  for (const name of names) expect(name).toMatch(pattern);
  expect(new Set(names).size).toBe(names.length);
});
