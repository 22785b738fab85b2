import { setImmediate as nextTurn } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';

import { TickBatches } from './tick-batches.js';

describe('the items of one turn of the event loop', () => {
  it('are handed over together, key by key, in order', async () => {
    const flushed: unknown[] = [];
    const batches = new TickBatches<string, number>((key, items) => flushed.push([key, items]));
    batches.add('a', 1);
    batches.add('b', 2);
    batches.add('a', 3);
    await Promise.resolve().then(() => batches.add('b', 4));
    expect(flushed).toEqual([]);

    await nextTurn();
    expect(flushed).toEqual([
      ['a', [1, 3]],
      ['b', [2, 4]],
    ]);
  });

  it('are handed over only once', async () => {
    let flushes = 0;
    const batches = new TickBatches<string, number>(() => (flushes += 1));
    batches.add('a', 1);
    await nextTurn();
    await nextTurn();
    expect(flushes).toBe(1);
  });

  it('never mix with those of the next turn, not even with items that a flush adds', async () => {
    const flushed: unknown[] = [];
    const batches = new TickBatches<string, number>((key, items) => {
      flushed.push([key, items]);
      if (items[0] === 1) batches.add(key, 2);
    });
    batches.add('a', 1);
    await nextTurn();
    expect(flushed).toEqual([['a', [1]]]);

    await nextTurn();
    expect(flushed).toEqual([
      ['a', [1]],
      ['a', [2]],
    ]);
  });

  it('are kept apart by keys that are objects', async () => {
    const flushed: unknown[] = [];
    const [one, other] = [{}, {}];
    const batches = new TickBatches<object, number>((key, items) => {
      flushed.push([key === one, items]);
    });
    batches.add(one, 1);
    batches.add(other, 2);
    await nextTurn();
    expect(flushed).toEqual([
      [true, [1]],
      [false, [2]],
    ]);
  });
});
