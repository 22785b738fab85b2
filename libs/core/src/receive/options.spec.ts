import { expect, test } from '@jest/globals';

import { suspectFrom } from './options.js';

test.each([
  [2, 1],
  [3, 2],
  [4, 2],
  [5, 3],
  [10, 8],
])('of %i crashes that make poison, a message is run alone after %i', (maxCrashes, expected) => {
  expect(suspectFrom(maxCrashes)).toBe(expected);
});
