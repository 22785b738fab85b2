import { describe, expect, it, test } from '@jest/globals';

import { MESSAGE_LIMITS } from '../message/index.js';
import { encodeSchedule } from './encode.js';
import { ruleOf } from './rules.js';
import type { ScheduleSpec } from './schedule.js';

const SPEC = { id: 'report', path: '/report/', data: { n: 1 }, everyMs: 60_000 } as const;

const refusalOf = async (spec: unknown): Promise<unknown> => {
  try {
    const { rule, id } = encodeSchedule(spec as ScheduleSpec, MESSAGE_LIMITS);
    await ruleOf(rule, id);
    return undefined;
  } catch (error) {
    return error;
  }
};

describe('a recurring send', () => {
  it('has a canonical path and the defaults', () => {
    expect(encodeSchedule(SPEC, MESSAGE_LIMITS)).toEqual({
      id: 'report',
      path: 'report',
      rule: { everyMs: 60_000 },
      send: { catchUp: 'last' },
      data: '{"n":1}',
      headers: '',
    });
  });

  it('with a cron expression defaults to UTC', () => {
    const { everyMs: _, ...rest } = SPEC;
    const spec = {
      ...rest,
      cron: '@daily',
      ttlMs: 5,
      catchUp: 'all',
      headers: { a: 'b' },
    } as const;
    expect(encodeSchedule(spec, MESSAGE_LIMITS)).toMatchObject({
      rule: { cron: '@daily', timezone: 'UTC' },
      send: { catchUp: 'all', ttlMs: 5 },
      headers: '{"a":"b"}',
    });
    expect(encodeSchedule({ ...spec, timezone: 'Asia/Tokyo' }, MESSAGE_LIMITS).rule).toEqual({
      cron: '@daily',
      timezone: 'Asia/Tokyo',
    });
  });

  test.each<[object, RegExp]>([
    [{ id: '' }, /^Option "id" is ""; allowed: 1 to 128 of/],
    [{ id: 'a b' }, /^Option "id" is "a b"/],
    [{ id: 'a'.repeat(129) }, /^Option "id"/],
    [{ id: undefined }, /^Option "id" is undefined/],
    [
      { everyMs: 999 },
      /^Option "everyMs" is 999; allowed: a whole number of milliseconds from 1000/,
    ],
    [{ everyMs: 1_000.5 }, /^Option "everyMs" is 1000.5/],
    [{ everyMs: '1000' }, /^Option "everyMs" is "1000"/],
    [{ everyMs: Infinity }, /^Option "everyMs" is Infinity/],
    [{ cron: '* * * * *' }, /^Option "everyMs" is 60000; allowed: only without "cron"/],
    [
      { everyMs: undefined },
      /^Option "cron" is undefined; allowed: a cron expression, or "everyMs"/,
    ],
    [{ timezone: 'UTC' }, /^Option "timezone" is "UTC"; allowed: only together with "cron"/],
    [{ everyMs: undefined, cron: 'often' }, /^Option "cron" is "often"/],
    [{ everyMs: undefined, cron: '@daily', timezone: 'Mars' }, /^Option "timezone" is "Mars"/],
    [{ catchUp: 'some' }, /^Option "catchUp" is "some"; allowed: "none", "last" or "all"/],
    [{ ttlMs: 0 }, /^Option "ttlMs" is 0/],
    [{ ttlMs: 1.5 }, /^Option "ttlMs" is 1.5/],
    [{ path: '' }, /^Path "" is not a webhook path/],
    [{ delayMs: 5 }, /^Option "delayMs" is not known; a recurring send takes id, path, cron/],
  ])('with %j is refused', async (change, message) => {
    expect(await refusalOf({ ...SPEC, ...change })).toMatchObject({
      name: 'ConfigError',
      message: expect.stringMatching(message) as unknown,
    });
  });

  test.each([[undefined], [() => 1], [10n]])('with %p as data is refused', async (data) => {
    expect(await refusalOf({ ...SPEC, data })).toMatchObject({ code: 'MESSAGE_INVALID' });
  });

  test.each([[undefined], [null], ['report']])('that is %j is refused', async (spec) => {
    expect(await refusalOf(spec)).toMatchObject({ name: 'ConfigError' });
  });
});
