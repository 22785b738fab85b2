/**
 * Milliseconds on the machine's monotonic clock, which all of its processes share: an instant of one process can be
 * compared with one of another, and setting the time of day changes nothing.
 */
export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
