import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

import { trendOf, type Sample } from './memory.js';
import { Tally, count, numberOf, readTally } from './tally.js';

describe('count', () => {
  const tally = (...numbers: readonly number[]): Uint32Array => Uint32Array.from(numbers);

  it('finds accepted messages that no process handled, in any order', () => {
    expect(count([tally(3, 1), tally(2, 9)], [tally(2), tally(1)])).toEqual({
      ...{ lost: 2, duplicates: 0, handled: 2, recovered: 0 },
    });
  });

  it('counts repeated messages, and those handled without a known acknowledgement', () => {
    expect(count([tally(1, 2)], [tally(1, 1, 5), tally(1, 2)])).toEqual({
      ...{ lost: 0, duplicates: 2, handled: 5, recovered: 1 },
    });
  });

  it('reads back the numbers that were written', () => {
    const folder = mkdtempSync(join(tmpdir(), 'leanmq-tally-'));
    const file = join(folder, 'x');
    const written = new Tally(file);
    written.add(numberOf(0, 7));
    written.add(numberOf(3, 1_000_000));
    expect([...readTally(file)]).toEqual([numberOf(0, 7), numberOf(3, 1_000_000)]);
    rmSync(folder, { recursive: true });
  });
});

describe('trendOf', () => {
  const MB = 2 ** 20;
  const samples = (of: (minute: number) => number, minutes = 15): Sample[] =>
    Array.from({ length: minutes * 6 }, (_, index) => ({
      ...{ atMs: index * 10_000, redis: of(index / 6) * MB, publishers: 0, consumers: 0 },
    }));

  it('treats noise as flat', () => {
    expect(
      trendOf(
        samples((minute) => 100 + 10 * Math.sin(minute)),
        'redis',
      ).grew,
    ).toBe(false);
  });

  it('notices growth', () => {
    expect(
      trendOf(
        samples((minute) => 100 + 5 * minute),
        'redis',
      ).grew,
    ).toBe(true);
  });

  it('ignores the first minute, in which a process warms up', () => {
    expect(
      trendOf(
        samples((minute) => (minute < 1 ? 20 : 100), 4),
        'redis',
      ).grew,
    ).toBe(false);
  });
});
