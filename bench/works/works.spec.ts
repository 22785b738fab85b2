import { describe, expect, it } from '@jest/globals';

import { makeOrder } from '../payload.js';
import { WORKS } from './index.js';

const units = (id: string): readonly string[] =>
  WORKS.find((work) => work.id === id)?.metrics.map(({ unit }) => unit) ?? [];

describe('the works', () => {
  it('have an id each', () => {
    expect(new Set(WORKS.map(({ id }) => id)).size).toBe(WORKS.length);
  });

  it.each(WORKS.map((work) => [work.id, work] as const))(
    '%s demands only what is measured, of whom it is measured',
    (id, { targets, contestants }) => {
      for (const { unit, contestant, against } of targets) {
        expect(units(id)).toContain(unit);
        expect(units(against?.work ?? id)).toContain(unit);
        expect(contestants).toContain(contestant);
        const others = WORKS.find((work) => work.id === (against?.work ?? id))?.contestants;
        if (against !== undefined) expect(others).toContain(against.contestant);
      }
    },
  );
});

it('a payload is about 200 bytes', () => {
  const bytes = Buffer.byteLength(JSON.stringify(makeOrder(123_456)));
  expect(bytes).toBeGreaterThan(180);
  expect(bytes).toBeLessThan(220);
});
