import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { InFlight } from '../../message/index.js';
import { Held } from './held.js';

/** In stream order. */
const IDS = ['8-0', '9-9', '9-10', '10-0', '10-1', '11-0'];

function delivery(entryId: string): InFlight<undefined> {
  return new InFlight(undefined, { source: 'log', entryId, fields: [], deliveries: 1 }, 0);
}

function idsOf(held: Held<undefined>): string[] {
  return [...held].map(({ entryId }) => entryId);
}

describe('an in-flight entry of a stream', () => {
  it('is found whatever was added and removed before, in any order', () => {
    const step = fc.record({ add: fc.boolean(), number: fc.integer({ min: 0, max: 5 }) });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const held = new Held<undefined>();
        const expected = new Map<string, InFlight<undefined>>();
        for (const { add, number } of steps) {
          const entryId = IDS[number] as string;
          const known = expected.get(entryId);
          expect(held.find(entryId)).toBe(known);
          if (add && known === undefined) {
            const added = delivery(entryId);
            held.add(added);
            expected.set(entryId, added);
          } else if (!add && known !== undefined) {
            expect(held.remove(known)).toBe(true);
            expected.delete(entryId);
          }
          expect(held.size).toBe(expected.size);
          expect(idsOf(held)).toEqual(IDS.filter((each) => expected.has(each)));
        }
      }),
    );
  });

  it('is removed only once', () => {
    const held = new Held<undefined>();
    const [first, second] = [delivery('1-0'), delivery('1-0')];
    held.add(first);
    expect(held.remove(first)).toBe(true);
    held.add(second);
    expect(held.remove(first)).toBe(false);
    expect(idsOf(held)).toEqual(['1-0']);
  });
});
