import { expect, test } from '@jest/globals';

import { routesPerReader } from './readers.js';

test.each([
  [1, 25],
  [25, 25],
  [200, 25],
  [201, 26],
  [2_000, 250],
])('of %p routes %p share a reader, so that there are eight readers at most', (routes, each) => {
  expect(routesPerReader(routes)).toBe(each);
  expect(Math.ceil(routes / routesPerReader(routes))).toBeLessThanOrEqual(8);
});
