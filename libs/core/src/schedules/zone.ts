const HOUR_MS = 3_600_000;

/** Longer than any clock change so far: Samoa skipped a whole day. */
export const LONGEST_CHANGE_MS = 25 * HOUR_MS;

/** Change of a zone's clocks: from this instant on, its offset from UTC is `after` instead of `before`. All in ms. */
export interface ClockChange {
  readonly at: number;
  readonly before: number;
  readonly after: number;
}

/** Local time of an IANA time zone, from the data of Node. */
export class Zone {
  private readonly format: Intl.DateTimeFormat;

  /** @throws {RangeError} if Node does not know the zone */
  constructor(name: string) {
    this.format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  }

  /** Returns the offset from UTC at an instant, in ms. */
  offset(at: number): number {
    // Parsing "12/31/2026, 23:59:59" is three times as fast as formatToParts.
    const parts = this.format.format(at).match(/\d+/g) ?? [];
    const [month = 1, day, year = 0, hour, minute, second] = parts.map(Number);
    const local = Date.UTC(year, month - 1, day, hour, minute, second);
    return local - Math.floor(at / 1000) * 1000;
  }

  /** Returns the clock change within `LONGEST_CHANGE_MS` of an instant. Any two are weeks apart. */
  changeNear(at: number): ClockChange | undefined {
    let from = at - LONGEST_CHANGE_MS;
    let to = at + LONGEST_CHANGE_MS;
    const [before, after] = [this.offset(from), this.offset(to)];
    if (before === after) return undefined;
    while (to - from > 1) {
      const middle = Math.floor((from + to) / 2);
      if (this.offset(middle) === before) from = middle;
      else to = middle;
    }
    return { at: to, before, after };
  }
}
