import { describe, expect, test } from '@jest/globals';

import { InFlight } from '../message/index.js';
import { movesByCall, type Move } from './moves.js';

function move(id: number, length: number): Move<undefined> {
  const claim = {
    ...{ source: 'log' as const, entryId: `${id}-0`, deliveries: 1 },
    fields: ['d', 'x'.repeat(length - 1)],
  };
  return {
    delivery: new InFlight<undefined>(undefined, claim, Infinity),
    verdict: { kind: 'release' },
  };
}

function sizes(moves: readonly Move<undefined>[]): number[] {
  const calls = [...movesByCall(moves)];
  expect(calls.flat()).toEqual(moves);
  return calls.map(({ length }) => length);
}

describe('the moves of one turn', () => {
  test.each([
    [0, []],
    [1, [1]],
    [100, [100]],
    [101, [100, 1]],
    [250, [100, 100, 50]],
  ])('%d small ones make calls of %j, in their order', (count, expected) => {
    expect(sizes(Array.from({ length: count }, (_, id) => move(id, 10)))).toEqual(expected);
  });

  test('are divided into shorter calls when they are large, down to one move per call', () => {
    const MiB = 1024 * 1024;
    expect(sizes([move(1, MiB / 2), move(2, MiB / 2), move(3, 10)])).toEqual([2, 1]);
    expect(sizes([move(1, 2 * MiB), move(2, 2 * MiB), move(3, 10)])).toEqual([1, 1, 1]);
  });
});
