import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';

import { OutageReminder } from './outage-reminder.js';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

it('an outage is reported again after 30 s, then at doubling intervals up to five minutes', () => {
  const told: number[] = [];
  const reminder = new OutageReminder((downMs) => told.push(Math.round(downMs / 1_000)), Date.now);
  reminder.begin();
  jest.advanceTimersByTime(1_200_000);
  expect(told).toEqual([30, 90, 210, 450, 750, 1_050]);
});

it('an outage is no longer reported after its end, and the next one counts from its own start', () => {
  const told: number[] = [];
  const reminder = new OutageReminder((downMs) => told.push(Math.round(downMs / 1_000)), Date.now);
  reminder.begin();
  jest.advanceTimersByTime(20_000);
  expect(Math.round(reminder.end() / 1_000)).toBe(20);
  jest.advanceTimersByTime(600_000);
  expect(told).toEqual([]);
  reminder.begin();
  jest.advanceTimersByTime(31_000);
  expect(told).toEqual([30]);
  reminder.end();
});
