import { describe, expect, it, test } from '@jest/globals';

import { cronRule } from './cron.js';

/** The first instants after one, as ISO texts without seconds. */
async function instants(
  cron: string,
  timezone: string,
  from: string,
  count: number,
): Promise<string[]> {
  const rule = await cronRule(cron, timezone, 'id');
  const found: string[] = [];
  let at = Date.parse(from);
  for (let n = 0; n < count; n += 1) {
    at = rule.next(at);
    found.push(new Date(at).toISOString().slice(0, 16));
  }
  return found;
}

describe('a cron expression', () => {
  test.each([
    ['every quarter of an hour', '*/15 * * * *', ['2026-01-01T00:15', '2026-01-01T00:30']],
    [
      'on weekdays',
      '0 9 * * MON-FRI',
      ['2026-01-01T09:00', '2026-01-02T09:00', '2026-01-05T09:00'],
    ],
    ['on the last day of the month', '0 0 L * *', ['2026-01-31T00:00', '2026-02-28T00:00']],
    ['on the 29th of February', '0 0 29 2 *', ['2028-02-29T00:00', '2032-02-29T00:00']],
    ['by name', '@monthly', ['2026-02-01T00:00', '2026-03-01T00:00']],
    ['with blanks around', '  0 12 * * *  ', ['2026-01-01T12:00']],
  ])('fires as written: %s', async (_, cron, expected) => {
    expect(await instants(cron, 'UTC', '2026-01-01T00:00:00Z', expected.length)).toEqual(expected);
  });

  it('with six fields starts with seconds', async () => {
    const rule = await cronRule('*/20 * * * * *', 'UTC', 'id');
    expect(rule.next(500)).toBe(20_000);
    expect(rule.next(20_000)).toBe(40_000);
  });

  it('is interpreted in its time zone', async () => {
    expect(await instants('0 9 * * *', 'Asia/Kolkata', '2026-01-01T00:00:00Z', 1)).toEqual([
      '2026-01-01T03:30',
    ]);
  });

  it('may derive a value from the id, which is then always the same', async () => {
    const of = async (id: string): Promise<number> =>
      (await cronRule('H H * * *', 'UTC', id)).next(0);
    expect(await of('a')).toBe(await of('a'));
    const all = await Promise.all(['a', 'b', 'c', 'd', 'e'].map(of));
    expect(new Set(all).size).toBeGreaterThan(1);
  });

  it('always has its next instant after the given one', async () => {
    const rule = await cronRule('0 0 * * *', 'UTC', 'id');
    const midnight = Date.parse('2026-01-02T00:00:00Z');
    expect(rule.next(midnight - 1)).toBe(midnight);
    expect(rule.next(midnight)).toBe(midnight + 24 * 3_600_000);
  });
});

// In Berlin clocks go forward on 2026-03-29 at 01:00 UTC, from 02:00 to 03:00, and back on 2026-10-25 at 01:00 UTC, from
// 03:00 to 02:00.
describe('when clocks go forward', () => {
  const eve = '2026-03-28T12:00:00Z';

  test.each([
    ['in the skipped hour, an hour later', '30 2 * * *', ['2026-03-29T01:30', '2026-03-30T00:30']],
    ['at the beginning of it', '0 2 * * *', ['2026-03-29T01:00', '2026-03-30T00:00']],
    ['after it', '0 3 * * *', ['2026-03-29T01:00', '2026-03-30T01:00']],
    ['at noon', '0 12 * * *', ['2026-03-29T10:00', '2026-03-30T10:00']],
  ])('what has a fixed hour comes once: %s', async (_, cron, expected) => {
    expect(await instants(cron, 'Europe/Berlin', eve, 2)).toEqual(expected);
  });

  it('an hourly expression fires every hour', async () => {
    expect(await instants('0 * * * *', 'Europe/Berlin', '2026-03-28T23:30:00Z', 4)).toEqual([
      '2026-03-29T00:00',
      '2026-03-29T01:00',
      '2026-03-29T02:00',
      '2026-03-29T03:00',
    ]);
  });
});

describe('when clocks go back', () => {
  const eve = '2026-10-24T12:00:00Z';

  test.each([
    [
      'in the repeated hour, the first time',
      '30 2 * * *',
      ['2026-10-25T00:30', '2026-10-26T01:30'],
    ],
    ['at the beginning of it', '0 2 * * *', ['2026-10-25T00:00', '2026-10-26T01:00']],
    ['after it', '0 3 * * *', ['2026-10-25T02:00', '2026-10-26T02:00']],
  ])('what has a fixed hour comes once: %s', async (_, cron, expected) => {
    expect(await instants(cron, 'Europe/Berlin', eve, 2)).toEqual(expected);
  });

  it('a half-hourly expression fires every half hour', async () => {
    expect(await instants('*/30 * * * *', 'Europe/Berlin', '2026-10-25T00:10:00Z', 4)).toEqual([
      '2026-10-25T00:30',
      '2026-10-25T01:00',
      '2026-10-25T01:30',
      '2026-10-25T02:00',
    ]);
  });
});

describe('an invalid value', () => {
  test.each([
    [''],
    ['5'],
    ['* * * *'],
    ['* * * * * * *'],
    ['60 * * * *'],
    ['every day'],
    ['@reboot'],
    ['@DAILY'],
    ['0 0 30 2 *'],
    ['0 0 31 4,6 *'],
    ['0 0 * * 1#6'],
    [5 as unknown as string],
    [null as unknown as string],
  ])('is refused as a cron expression: %j', async (cron) => {
    await expect(cronRule(cron, 'UTC', 'id')).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/^Option "cron" is .*; allowed: a cron expression/) as unknown,
    });
  });

  test.each([['Mars/Olympus'], [''], ['+02:00'], ['UTC+2'], ['local'], [1 as unknown as string]])(
    'is refused as a time zone: %j',
    async (timezone) => {
      await expect(cronRule('* * * * *', timezone, 'id')).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message: expect.stringMatching(/^Option "timezone" is .*; allowed: an IANA/) as unknown,
      });
    },
  );
});
