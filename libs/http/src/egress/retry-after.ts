const HTTP_DATE =
  /^(?:(?:mon|tue|wed|thu|fri|sat|sun),? \d{2} [a-z]{3} \d{4} \d{2}:\d{2}:\d{2} gmt|[a-z]{6,9}, \d{2}-[a-z]{3}-\d{2} \d{2}:\d{2}:\d{2} gmt)$/i;

/**
 * Reads a `retry-after` header, which is seconds or an HTTP date. Pure.
 *
 * @param now epoch ms
 * @returns ms from now, 0 for a date that has passed; undefined for anything else
 * @see RFC 9110, 10.2.3
 */
export function retryAfterMs(
  header: string | readonly string[] | undefined,
  now: number,
): number | undefined {
  const text = (typeof header === 'object' ? header[0] : header)?.trim() ?? '';
  if (/^\d{1,12}$/.test(text)) return Number(text) * 1_000;
  const at = HTTP_DATE.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
