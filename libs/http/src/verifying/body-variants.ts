/**
 * Bodies that the sender may have sent, if this one was parsed and serialised again on the way, each with words for it.
 * Pure.
 */
export function* bodyVariants(body: Buffer): Generator<readonly [what: string, body: Buffer]> {
  const text = body.toString();
  const trimmed = text.trim();
  if (trimmed !== text) yield ['without white space at its ends', Buffer.from(trimmed)];
  yield ['with a line end behind it', Buffer.from(`${text}\n`)];
  const parsed = parse(text);
  if (parsed === undefined) return;
  const compact = JSON.stringify(parsed);
  const escaped = compact.replace(/[\u007f-\uffff]/g, asEscape);
  yield ['without white space', Buffer.from(compact)];
  yield ['with an indent of two', Buffer.from(JSON.stringify(parsed, undefined, 2))];
  yield ['with an indent of four', Buffer.from(JSON.stringify(parsed, undefined, 4))];
  yield ['with a space behind "," and ":"', Buffer.from(spaced(compact))];
  yield ['with escapes for what is not ASCII', Buffer.from(escaped)];
  yield ['with escapes, and a space behind "," and ":"', Buffer.from(spaced(escaped))];
  yield ['with "\\/" for "/"', Buffer.from(compact.replaceAll('/', '\\/'))];
  yield ['with escapes, and "\\/" for "/"', Buffer.from(escaped.replaceAll('/', '\\/'))];
  yield ['with escapes for "<", ">" and "&"', Buffer.from(compact.replace(/[<>&]/g, asEscape))];
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function asEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Python's way of writing JSON; texts stay as they are. */
function spaced(json: string): string {
  return json.replace(
    /("(?:[^"\\]|\\.)*")|([,:])/g,
    (_, text?: string, mark?: string) => text ?? `${mark ?? ''} `,
  );
}
