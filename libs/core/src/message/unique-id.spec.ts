import { expect, test } from '@jest/globals';

import { uniqueId } from './unique-id.js';

test('a unique id has 128 random bits', () => {
  const ids = Array.from({ length: 2_000 }, uniqueId);
  const bytes = ids.map((id) => Buffer.from(id, 'base64url'));
  expect(bytes.every(({ length }) => length === 16)).toBe(true);
  expect(new Set(ids).size).toBe(ids.length);
  // Each random bit is set in about half of the ids; a constant bit, such as a UUID's version, is not.
  for (let bit = 0; bit < 128; bit += 1) {
    const set = bytes.filter((all) => ((all[bit >> 3] as number) >> (bit & 7)) & 1).length;
    expect(set).toBeGreaterThan(700);
    expect(set).toBeLessThan(1_300);
  }
});
