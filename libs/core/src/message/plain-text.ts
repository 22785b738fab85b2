// eslint-disable-next-line no-control-regex -- control characters are exactly what plain text must not contain
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/**
 * Returns true when a text has no control characters and survives UTF-8. UTF-8 turns every lone half of a surrogate pair
 * into the same U+FFFD, so two different names would become one.
 */
export function isPlainText(text: string): boolean {
  return !CONTROL.test(text) && !LONE_SURROGATE.test(text);
}
