import { describe, expect, it } from '@jest/globals';

import type { Scenario } from './scenario.js';
import { healthy, violationsOf } from './verdict.js';

describe('a script that holds Redis up', () => {
  const slow = (ms: number): Scenario => {
    const scenario = healthy();
    scenario.slow = [{ at: 5_000, ms, command: 'evalsha' }];
    return scenario;
  };

  it('is reported by its duration', () => {
    expect(violationsOf(slow(200))).toEqual([]);
    expect(violationsOf(slow(300))).toEqual(['redisHeldUp']);
  });

  it('is not blamed for time in which the server itself was frozen', () => {
    const frozen = (from: number): Scenario =>
      slow(900).fault({ kind: 'redis-freeze', from, to: from + 800 });
    expect(violationsOf(frozen(4_200))).toEqual([]);
    expect(violationsOf(frozen(7_000))).toEqual(['redisHeldUp']);
  });

  it('is not blamed for a step of the clock that measured it', () => {
    const stepped = (ms: number, steppedMs: number, from = 4_900): string[] =>
      violationsOf(slow(ms).fault({ kind: 'clock-step', from, to: from + 400, steppedMs }));
    expect(stepped(2_100, 2_000, 2_900)).toEqual([]);
    expect(stepped(2_100, -2_000)).toEqual([]);
    expect(stepped(2_300, -2_000)).toEqual(['redisHeldUp']);
    expect(stepped(1_500, -2_000)).toEqual(['redisHeldUp']);
    expect(stepped(2_100, -2_000, 8_000)).toEqual(['redisHeldUp']);
  });

  it('is reported also when the server cut its client off for too large a reply', () => {
    const scenario = healthy();
    scenario.oversized = ['closed: output buffer limits'];
    expect(violationsOf(scenario)).toEqual(['replyTooLarge']);
  });
});
