import { expect, test } from '@jest/globals';

import { putOffMs } from './idle-routes.js';

test.each([
  [undefined, 60],
  [60, 120],
  [120, 240],
  [240, 300],
  [300, 300],
])(
  'a look that was put off for %p s is put off for %p s when it finds nothing again',
  (before, next) => {
    expect(putOffMs(60, before)).toBe(next);
  },
);
