import { describe, expect, it } from '@jest/globals';

import { nowMs } from './clock.js';
import { OpenLoop, sendOnSchedule } from './open-loop.js';

describe('the schedule of an open loop', () => {
  const schedule = new OpenLoop(1_000, 200);

  it('is a matter of the rate alone', () => {
    expect([0, 1, 2, 200].map((index) => schedule.dueAt(index))).toEqual([
      1_000, 1_005, 1_010, 2_000,
    ]);
  });

  it.each([
    [999, 0],
    [1_000, 1],
    [1_004, 1],
    [1_005, 2],
    [2_000, 201],
  ])('has at %d ms %d messages due', (at, count) => {
    expect(schedule.dueBy(at)).toBe(count);
  });

  it('catches up all at once with what was due during a pause', () => {
    expect(schedule.dueBy(1_500) - schedule.dueBy(1_004)).toBe(100);
  });
});

describe('sending on schedule', () => {
  it('does not wait for answers, nor shift what comes after a slow one', async () => {
    const dueAt: number[] = [];
    let answer = (): void => undefined;
    const slow = new Promise<void>((resolve) => (answer = resolve));
    await sendOnSchedule(10, 1_000, (index, due) => {
      dueAt.push(due);
      if (index < 9) return index === 0 ? slow : Promise.resolve();
      // The first has been without an answer all the time.
      answer();
      return Promise.resolve();
    });
    expect(dueAt.map((due) => Math.round((due - (dueAt[0] as number)) * 1e6) / 1e6)).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
    ]);
  });

  it('tells when each was due, not when it came to it', async () => {
    const late: number[] = [];
    await sendOnSchedule(6, 1_000, (index, dueAt) => {
      late.push(nowMs() - dueAt);
      // A process that is busy for longer than the rest of the schedule.
      if (index === 0) for (const until = nowMs() + 20; nowMs() < until;);
      return Promise.resolve();
    });
    expect(late).toHaveLength(6);
    expect(late[1]).toBeGreaterThanOrEqual(15);
  });

  it('fails when a send fails', async () => {
    const failing = sendOnSchedule(2, 1_000, () => Promise.reject(new Error('refused')));
    await expect(failing).rejects.toThrow('refused');
  });
});
