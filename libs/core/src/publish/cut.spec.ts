import { describe, expect, it, test } from '@jest/globals';

import type { Unit } from './batch.js';
import { cut } from './cut.js';

const KIB = 1024;
const near = { answeredAfterMs: 0.3, awaitsReplicas: false };
const far = { answeredAfterMs: 1.5, awaitsReplicas: false };
const durable = { answeredAfterMs: 0.3, awaitsReplicas: true };

/** Units of so many sends each, of `bytes` each. */
function units(count: number, { sends = 1, bytes = 200 } = {}): Unit[] {
  const unit = {
    sends: Array.from({ length: sends }, () => ({ data: 'x'.repeat(bytes), headers: '' })),
  };
  return Array.from({ length: count }, () => unit as unknown as Unit);
}

describe('how many units a batch has', () => {
  test.each([
    ['a near Redis, few wait: some are left for the next one', 200, near, 128],
    ['a near Redis, no more than that: all', 100, near, 100],
    ['a near Redis, many wait: as many as a script may take', 1_000, near, 256],
    ['a Redis far away: all that a script may take', 200, far, 200],
    ['a Redis far away, many wait', 1_000, far, 256],
    ['replicas are waited for', 200, durable, 200],
  ])('%s', (_, waiting, trip, expected) => {
    expect(cut(units(waiting), trip)).toBe(expected);
  });

  it('counts sends, not units', () => {
    expect(cut(units(20, { sends: 10 }), near)).toBe(12);
    expect(cut(units(200, { sends: 10 }), near)).toBe(25);
  });

  it('divides no unit', () => {
    expect(cut(units(1, { sends: 200 }), near)).toBe(1);
    expect(cut(units(10, { sends: 100 }), far)).toBe(2);
    expect(cut(units(3, { sends: 1_000 }), far)).toBe(1);
  });

  it('takes a mebibyte, or a single unit that is larger', () => {
    expect(cut(units(10, { bytes: 300 * KIB }), far)).toBe(3);
    expect(cut(units(2, { bytes: 2_000 * KIB }), far)).toBe(1);
  });
});
