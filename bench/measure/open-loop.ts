import { setTimeout as sleep } from 'node:timers/promises';

import { nowMs } from './clock.js';

/** When each of a series is due that goes on at a fixed rate, whatever becomes of those before. Instants of `nowMs`. */
export class OpenLoop {
  constructor(
    private readonly startAt: number,
    private readonly perSecond: number,
  ) {}

  /** @param index 0 for the first */
  dueAt(index: number): number {
    return this.startAt + (index * 1_000) / this.perSecond;
  }

  /** Returns the total number due at that instant, counted from the start. */
  dueBy(at: number): number {
    return at < this.startAt ? 0 : Math.floor(((at - this.startAt) * this.perSecond) / 1_000) + 1;
  }
}

/** A timer may be late by that much; what is due sooner is waited for in turns of the event loop. */
const TIMER_SLACK_MS = 2;

/**
 * Sends each message when it is due, and does not wait for any: a slow answer delays nothing of what comes after it. What
 * was due while the process was busy is sent at once, and keeps the instant at which it should have been sent.
 *
 * @param send gets the message's index and when it was due
 */
export async function sendOnSchedule(
  total: number,
  perSecond: number,
  send: (index: number, dueAt: number) => Promise<unknown>,
): Promise<void> {
  const schedule = new OpenLoop(nowMs() + TIMER_SLACK_MS, perSecond);
  const sent: Promise<unknown>[] = [];
  const failures: unknown[] = [];
  while (sent.length < total && failures.length === 0) {
    const due = Math.min(total, schedule.dueBy(nowMs()));
    while (sent.length < due) {
      const answer = send(sent.length, schedule.dueAt(sent.length));
      sent.push(answer.catch((error: unknown) => failures.push(error)));
    }
    const waitMs = schedule.dueAt(sent.length) - nowMs() - TIMER_SLACK_MS;
    if (waitMs >= 1) await sleep(waitMs);
    else await new Promise(setImmediate);
  }
  await Promise.all(sent);
  if (failures.length > 0) throw failures[0];
}
