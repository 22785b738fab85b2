/** For people: `254,318`, `12.4`, `0.317`. */
export function showNumber(value: number): string {
  const size = Math.abs(value);
  if (size >= 1_000) return Math.round(value).toLocaleString('en');
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  return value.toFixed(digits);
}

/** `× 1.24`; `–` where there is nothing to compare with. */
export function showRatio(value: number | undefined): string {
  return value === undefined || !Number.isFinite(value) ? '–' : `× ${value.toFixed(2)}`;
}
