import { describe, expect, it, test } from '@jest/globals';

import type { Unit } from './batch.js';
import { cut } from './cut.js';

const KIB = 1024;
const near = { answeredAfterMs: 0.3, awaitsReplicas: false };
const far = { answeredAfterMs: 1.5, awaitsReplicas: false };
const durable = { answeredAfterMs: 0.3, awaitsReplicas: true };

/** Makes units with `sends` sends of `bytes` bytes each. */
function units(count: number, { sends = 1, bytes = 200 } = {}): Unit[] {
  const unit = {
    sends: Array.from({ length: sends }, () => ({ data: 'x'.repeat(bytes), headers: '' })),
  };
  return Array.from({ length: count }, () => unit as unknown as Unit);
}

describe('a batch', () => {
  test.each([
    ['leaves some units for the next one with a near Redis', 200, near, 128],
    ['takes all units when few wait for a near Redis', 100, near, 100],
    ['takes as many units as a script may when many wait for a near Redis', 1_000, near, 256],
    ['takes all units with a distant Redis', 200, far, 200],
    ['takes as many units as a script may when many wait for a distant Redis', 1_000, far, 256],
    ['takes all units when sends wait for replicas', 200, durable, 200],
  ])('%s', (_, waiting, trip, expected) => {
    expect(cut(units(waiting), trip)).toBe(expected);
  });

  it('is limited by its sends, not its units', () => {
    expect(cut(units(20, { sends: 10 }), near)).toBe(12);
    expect(cut(units(200, { sends: 10 }), near)).toBe(25);
  });

  it('never divides a unit', () => {
    expect(cut(units(1, { sends: 200 }), near)).toBe(1);
    expect(cut(units(10, { sends: 100 }), far)).toBe(2);
    expect(cut(units(3, { sends: 1_000 }), far)).toBe(1);
  });

  it('takes up to a mebibyte, or a single larger unit', () => {
    expect(cut(units(10, { bytes: 300 * KIB }), far)).toBe(3);
    expect(cut(units(2, { bytes: 2_000 * KIB }), far)).toBe(1);
  });
});
