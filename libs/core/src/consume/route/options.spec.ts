import { expect, test } from '@jest/globals';

import { suspectFrom } from './options.js';

test.each([
  [2, 1],
  [3, 2],
  [4, 2],
  [5, 2],
  [6, 3],
  [10, 7],
])('of %i crashes that make poison, a message is a suspect after %i', (maxCrashes, expected) => {
  expect(suspectFrom(maxCrashes)).toBe(expected);
});
