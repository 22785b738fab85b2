import { describe, expect, it } from '@jest/globals';

import { inFlight } from './in-flight.js';

describe('jobs in flight', () => {
  it.each([
    [100, 7, 7],
    [3, 10, 3],
    [1, 1, 1],
  ])('%d jobs are never more than %d at once', async (total, limit, most) => {
    const begun: number[] = [];
    let running = 0;
    let peak = 0;
    await inFlight(total, limit, async (index) => {
      begun.push(index);
      peak = Math.max(peak, ++running);
      await new Promise(setImmediate);
      running -= 1;
    });
    expect(begun).toEqual(Array.from({ length: total }, (_, index) => index));
    expect(peak).toBe(most);
  });

  it('none are done at once', async () => {
    await expect(inFlight(0, 8, () => Promise.reject(new Error('begun')))).resolves.toBeUndefined();
  });

  it('one that fails fails the whole', async () => {
    const job = (index: number): Promise<void> =>
      index === 2 ? Promise.reject(new Error('the third')) : Promise.resolve();
    await expect(inFlight(5, 2, job)).rejects.toThrow('the third');
  });
});
