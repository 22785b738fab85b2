import { performance } from 'node:perf_hooks';

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { ServerClock } from './server-clock.js';

let local = 0;
beforeEach(() => {
  local = 1_000;
  jest.spyOn(performance, 'now').mockImplementation(() => local);
});
afterEach(() => {
  jest.restoreAllMocks();
});

/** Reads a server that is `ahead` of the local clock, over a way that takes so long in each direction. */
function read(clock: ServerClock, ahead: number, thereMs: number, backMs: number): void {
  const askedAt = local;
  local += thereMs;
  const serverMs = Math.floor(local + ahead);
  local += backMs;
  clock.sync(serverMs, askedAt);
}

describe("the server's clock", () => {
  it('is NaN before the first reading', () => {
    expect(new ServerClock().now()).toBeNaN();
  });

  it('advances with the local clock', () => {
    const clock = new ServerClock();
    read(clock, 500_000, 0, 0);
    const before = clock.now();
    local += 1_234;
    expect(clock.now()).toBe(before + 1_234);
  });

  it('is never behind, and at most ahead by the time of the request', () => {
    for (const [there, back] of [
      [0, 0],
      [3, 200],
      [200, 3],
      [0.4, 0.4],
    ] as const) {
      const clock = new ServerClock();
      read(clock, 500_000.7, there, back);
      const error = clock.now() - (local + 500_000.7);
      expect(error).toBeGreaterThanOrEqual(0);
      expect(error).toBeLessThanOrEqual(there + 1);
    }
  });

  it('keeps the tightest bounds of all readings', () => {
    const clock = new ServerClock();
    read(clock, 500_000, 300, 0);
    expect(clock.now() - local).toBeGreaterThan(500_200);
    read(clock, 500_000, 1, 1);
    read(clock, 500_000, 300, 300);
    expect(clock.now() - local).toBeLessThanOrEqual(500_002);
    expect(clock.now() - local).toBeGreaterThanOrEqual(500_000);
  });

  it.each([499_000, 501_000])('follows a step of the server clock to %i ms ahead', (ahead) => {
    const clock = new ServerClock();
    read(clock, 500_000, 1, 1);
    read(clock, ahead, 1, 1);
    const error = clock.now() - (local + ahead);
    expect(error).toBeGreaterThanOrEqual(0);
    expect(error).toBeLessThanOrEqual(2);
  });
});
