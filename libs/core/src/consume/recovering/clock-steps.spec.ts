import { describe, expect, it } from '@jest/globals';

import { ClockSteps } from './clock-steps.js';

const HOUR_MS = 3_600_000;

describe('a look at the clock of the server', () => {
  it.each([
    { of: 'a clock that goes on', serverMs: 101_000, asked: 1_000, answered: 1_005, step: 0 },
    {
      of: 'a reply that was long on its way',
      serverMs: 103_000,
      asked: 1_000,
      answered: 4_000,
      step: 0,
    },
    {
      of: 'a clock that is half a second off',
      serverMs: 101_500,
      asked: 1_000,
      answered: 1_005,
      step: 0,
    },
    {
      of: 'an hour back',
      serverMs: 101_000 - HOUR_MS,
      asked: 1_000,
      answered: 1_005,
      step: 6 - HOUR_MS,
    },
    {
      of: 'an hour ahead',
      serverMs: 101_000 + HOUR_MS,
      asked: 1_000,
      answered: 1_005,
      step: HOUR_MS - 6,
    },
  ])('reports $of', ({ serverMs, asked, answered, step }) => {
    const steps = new ClockSteps();
    expect(steps.note(100_000, 0, 5)).toBe(0);
    expect(steps.note(serverMs, asked, answered)).toBe(step);
  });
});
