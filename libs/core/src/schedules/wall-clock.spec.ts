import { expect, it, test } from '@jest/globals';

import { cronRule } from './cron.js';
import { Zone, type ClockChange } from './zone.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = Date.UTC(2026, 0, 1);
const NEXT_YEAR = Date.UTC(2027, 0, 1);

/** Expressions, and which local times they mean. */
const EXPRESSIONS: readonly (readonly [string, (local: Date) => boolean])[] = [
  ['0 * * * *', (at) => at.getUTCMinutes() === 0],
  ['15 * * * *', (at) => at.getUTCMinutes() === 15],
  ['*/20 * * * *', (at) => at.getUTCMinutes() % 20 === 0],
  ['0 0 * * *', (at) => at.getUTCHours() === 0 && at.getUTCMinutes() === 0],
  ['15 2 * * *', (at) => at.getUTCHours() === 2 && at.getUTCMinutes() === 15],
  ['45 23 * * *', (at) => at.getUTCHours() === 23 && at.getUTCMinutes() === 45],
  ['*/30 1-3 * * 0,6', (at) => isWeekend(at) && isAtNight(at) && at.getUTCMinutes() % 30 === 0],
];

function isWeekend(at: Date): boolean {
  return at.getUTCDay() % 6 === 0;
}

function isAtNight(at: Date): boolean {
  return at.getUTCHours() >= 1 && at.getUTCHours() <= 3;
}

/** By trying every local minute around a change, what the rule says in words. */
function expectedAround(
  { at, before, after }: ClockChange,
  [cron, isMeant]: (typeof EXPRESSIONS)[number],
  [from, to]: readonly [number, number],
): number[] {
  const isHourly = cron.split(' ')[1] === '*';
  const found = new Set<number>();
  for (let local = from - DAY; local <= to + DAY; local += MINUTE) {
    if (!isMeant(new Date(local))) continue;
    const shown = [
      ...(local - before < at ? [local - before] : []),
      ...(local - after >= at ? [local - after] : []),
    ];
    if (shown.length === 0) found.add(local - before);
    for (const instant of isHourly ? shown : shown.slice(0, 1)) found.add(instant);
  }
  return [...found].filter((each) => each > from && each <= to).sort((a, b) => a - b);
}

async function instants(cron: string, timezone: string, from: number, to: number) {
  const rule = await cronRule(cron, timezone, 'id');
  const found: number[] = [];
  for (let at = rule.next(from); at <= to; at = rule.next(at)) found.push(at);
  return found;
}

function changesOfTheYear(name: string): ClockChange[] {
  const zone = new Zone(name);
  const changes: ClockChange[] = [];
  for (let at = YEAR; at < NEXT_YEAR; at += 2 * DAY) {
    const change = zone.changeNear(at);
    if (change !== undefined && changes.at(-1)?.at !== change.at) changes.push(change);
  }
  return changes;
}

const ZONES = Intl.supportedValuesOf('timeZone').map((name) => ({
  name,
  changes: changesOfTheYear(name),
}));

/** One zone for all whose clocks are the same all the year. */
const DIFFERENT = [
  ...new Map(
    ZONES.map(({ name, changes }) => [
      JSON.stringify([new Zone(name).offset(YEAR), changes]),
      { name, changes },
    ]),
  ).values(),
];

test.each(EXPRESSIONS)(
  'no instant of "%s" is skipped or repeated at any clock change of any zone in a year',
  async (...expression) => {
    const [cron] = expression;
    for (const { name, changes } of DIFFERENT) {
      for (const change of changes) {
        const span = [change.at - 2 * DAY, change.at + 2 * DAY] as const;
        const found = await instants(cron, name, ...span);
        const expected = expectedAround(change, expression, span);
        expect({ name, found: found.map(toText) }).toEqual({ name, found: expected.map(toText) });
      }
    }
  },
  60_000,
);

test.each(EXPRESSIONS)(
  'the next instant of "%s" is found on every day of a year, in every zone',
  async (cron) => {
    for (const { name } of ZONES) {
      const rule = await cronRule(cron, name, 'id');
      const longest = cron.endsWith('0,6')
        ? 7 * DAY
        : cron.includes('* * * *')
          ? 2 * HOUR
          : 25 * HOUR;
      for (let at = YEAR; at < NEXT_YEAR; at += 73 * DAY + 5 * HOUR) {
        const next = rule.next(at);
        expect(next).toBeGreaterThan(at);
        expect(next - at).toBeLessThanOrEqual(longest);
      }
    }
  },
  60_000,
);

it('a clock change by less than an hour, not on the hour, or by a whole day follows the same rules', async () => {
  const shown = async (cron: string, zone: string, from: string, hours: number) => {
    const at = Date.parse(from);
    return (await instants(cron, zone, at, at + hours * HOUR)).map(toText);
  };
  expect(await shown('0 * * * *', 'Australia/Lord_Howe', '2027-04-03T14:00Z', 3)).toEqual([
    '2027-04-03T15:30',
    '2027-04-03T16:30',
  ]);
  expect(await shown('15 * * * *', 'Pacific/Chatham', '2027-04-03T13:00Z', 3)).toEqual([
    '2027-04-03T13:30',
    '2027-04-03T14:30',
    '2027-04-03T15:30',
  ]);
  expect(await shown('15 2 * * *', 'Australia/Lord_Howe', '2026-10-02T16:00Z', 48)).toEqual([
    '2026-10-03T15:45',
    '2026-10-04T15:15',
  ]);
  expect(await shown('45 23 * * *', 'America/Godthab', '2027-03-27T12:00Z', 48)).toEqual([
    '2027-03-28T01:45',
    '2027-03-29T00:45',
  ]);
  // Samoa skipped the 30th of December: its instants come together with those of the 31st.
  expect(await shown('0 12 * * *', 'Pacific/Apia', '2011-12-29T00:00Z', 72)).toEqual([
    '2011-12-29T22:00',
    '2011-12-30T22:00',
    '2011-12-31T22:00',
  ]);
});

function toText(at: number): string {
  return new Date(at).toISOString().slice(0, 16);
}
