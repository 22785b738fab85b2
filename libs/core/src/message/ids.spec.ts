import { describe, expect, it, test } from '@jest/globals';
import fc from 'fast-check';

import { consecutiveIds, entryTime, isEntryId, isLater } from './ids.js';

const NOT_IDS = [
  '',
  '5',
  '5-',
  '-5',
  '5-x',
  'ORD-1',
  '1-0-0',
  ' 1-0',
  '1-0\n',
  '1-0 ',
  '1.5-0',
  '-1-0',
];

describe('an entry id', () => {
  test.each([
    '0-0',
    '1758000000000-0',
    '1758000000000-12',
    '18446744073709551615-18446744073709551615',
  ])('is %s', (id) => {
    expect(isEntryId(id)).toBe(true);
  });

  test.each(NOT_IDS)('is not %j', (id) => {
    expect(isEntryId(id)).toBe(false);
    expect(entryTime(id)).toBeNaN();
  });

  it('contains the instant at which the entry was appended', () => {
    expect(entryTime('1758000000000-12')).toBe(1_758_000_000_000);
    expect(entryTime('0-1')).toBe(0);
  });
});

describe('the ids of a batch', () => {
  test.each([
    ['1758000000000-0', ['1758000000000-0', '1758000000000-1', '1758000000000-2']],
    ['5-9', ['5-9', '5-10', '5-11']],
    ['5-9007199254740990', ['5-9007199254740990', '5-9007199254740991', '5-9007199254740992']],
    ['5-9007199254740994', ['5-9007199254740994', '5-9007199254740995']],
  ])('from %s on are consecutive', (first, expected) => {
    const ids = consecutiveIds(first);
    expect(expected.map(() => ids.next().value)).toEqual(expected);
  });
});

describe('the order of entries', () => {
  const part = fc.oneof(fc.bigInt(0n, 120n), fc.bigInt(0n, 2n ** 64n - 1n));

  it('follows their instants, then their sequence numbers', () => {
    fc.assert(
      fc.property(part, part, part, part, (ms, sequence, otherMs, otherSequence) => {
        const expected = ms === otherMs ? sequence > otherSequence : ms > otherMs;
        expect(isLater(`${ms}-${sequence}`, `${otherMs}-${otherSequence}`)).toBe(expected);
        expect(isLater(`${ms}-${sequence}`, `${ms}-${otherSequence}`)).toBe(
          sequence > otherSequence,
        );
      }),
    );
  });
});
