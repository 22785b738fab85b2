const HOUR_MS = 3_600_000;

/** More than any change of clocks there has been: Samoa left out a whole day. */
export const LONGEST_CHANGE_MS = 25 * HOUR_MS;

/** A change of a zone's clocks: from that instant on, `after` is added to UTC instead of `before`. All in ms. */
export interface ClockChange {
  readonly at: number;
  readonly before: number;
  readonly after: number;
}

/** The local time of an IANA time zone, from the data that Node brings along. */
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

  /** What is added to UTC at an instant, ms. */
  offset(at: number): number {
    // As in "12/31/2026, 23:59:59"; to take it apart is three times as fast as formatToParts.
    const parts = this.format.format(at).match(/\d+/g) ?? [];
    const [month = 1, day, year = 0, hour, minute, second] = parts.map(Number);
    const local = Date.UTC(year, month - 1, day, hour, minute, second);
    return local - Math.floor(at / 1000) * 1000;
  }

  /** The change of clocks within `LONGEST_CHANGE_MS` of an instant. There are weeks between any two. */
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
