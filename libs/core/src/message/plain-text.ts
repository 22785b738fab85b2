// eslint-disable-next-line no-control-regex -- control characters are exactly what a plain text must not hold
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/**
 * Whether a text has no control characters and survives UTF-8: each half of a surrogate pair without the other turns
 * into the same U+FFFD, so that two different names would become one.
 */
export function isPlainText(text: string): boolean {
  return !CONTROL.test(text) && !LONE_SURROGATE.test(text);
}
