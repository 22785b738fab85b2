import { expect, test } from '@jest/globals';

import { isLasting } from './presence.js';

test('an unchanged note is written again at every second beat, before it is believed no longer', () => {
  const leaseMs = 30_000;
  const beatMs = leaseMs / 3;
  expect(isLasting(beatMs, leaseMs)).toBe(true);
  expect(isLasting(2 * beatMs, leaseMs)).toBe(false);
});
