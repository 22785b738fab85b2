import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';

import { Pump } from './pump.js';

describe('Pump', () => {
  it('works once however often it is asked, and not before the caller is done', async () => {
    let worked = 0;
    const pump = new Pump(() => (worked += 1));
    for (let n = 0; n < 5; n += 1) pump.soon();
    expect(worked).toBe(0);
    await nextTurn();
    expect(worked).toBe(1);
  });

  it('goes on within the turn when work leads to work', async () => {
    async function workedInOneTurn(): Promise<number> {
      let worked = 0;
      const pump = new Pump(() => {
        worked += 1;
        if (worked < 10) void Promise.resolve().then(() => pump.soon());
      });
      pump.soon();
      await nextTurn();
      return worked;
    }
    // A process that the system holds up is out of time as with long work: one of some turns is left alone.
    const turns = [];
    for (let n = 0; n < 20; n += 1) turns.push(await workedInOneTurn());
    expect(turns).toContain(10);
  });

  it('lets everything else have its turn when the work takes long', async () => {
    let isStopped = false;
    let worked = 0;
    const pump = new Pump(() => {
      const until = performance.now() + 1;
      while (performance.now() < until);
      worked += 1;
      if (!isStopped) pump.soon();
    });
    pump.soon();
    await nextTurn();
    expect(worked).toBeGreaterThan(0);
    expect(worked).toBeLessThan(10);
    const before = worked;
    await nextTurn();
    await nextTurn();
    expect(worked).toBeGreaterThan(before);
    isStopped = true;
  });
});
