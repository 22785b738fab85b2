/** The story of a failure as it travels with a retry and rests in a dead letter. Each text is capped in size. */
export interface ErrorRecord {
  readonly name: string;
  readonly message: string;
  /** There in every dead letter that a failure has made; a retry may go without when many fail in the same moment. */
  readonly stack?: string;
  readonly code?: string;
  /** Violations of a payload that did not pass validation. */
  readonly violations?: readonly string[];
  readonly cause?: { readonly name: string; readonly message: string };
}

const MAX_NAME = 200;
const MAX_MESSAGE = 2_000;
// A retry carries its last error in Redis for as long as it waits, so a deep stack must not dwarf the payload.
const MAX_STACK = 4_000;
const MAX_VIOLATIONS = 50;
const MAX_VIOLATION = 500;

/**
 * Describes whatever a handler threw, also when that is not an Error. Never throws.
 *
 * @param withStack V8 writes a stack when it is first asked for, which takes longer than all the rest
 */
export function recordError(thrown: unknown, withStack = true): ErrorRecord {
  if (!isErrorLike(thrown)) return brief(thrown);
  const stack = withStack ? read(thrown, 'stack') : undefined;
  const code = read(thrown, 'code');
  const violations = violationsOf(thrown);
  const cause = read(thrown, 'cause');
  // Written out, because this is on the path of every failure and spreading conditions is slow.
  const record: { -readonly [Name in keyof ErrorRecord]: ErrorRecord[Name] } = brief(thrown);
  if (typeof stack === 'string') record.stack = cap(stack, MAX_STACK);
  if (typeof code === 'string') record.code = cap(code, MAX_NAME);
  if (violations.length > 0) record.violations = violations;
  if (cause !== undefined) record.cause = brief(cause);
  return record;
}

function brief(thrown: unknown): { name: string; message: string } {
  if (!isErrorLike(thrown))
    return { name: 'NonError', message: cap(describe(thrown), MAX_MESSAGE) };
  const name = read(thrown, 'name');
  return {
    name: cap(typeof name === 'string' ? name : 'Error', MAX_NAME),
    message: cap(describe(read(thrown, 'message')), MAX_MESSAGE),
  };
}

/**
 * Goes by the looks: an error of another realm is none by `instanceof`, and that is what Node's own errors are to code
 * that runs in a test runner's sandbox.
 */
function isErrorLike(thrown: unknown): thrown is object {
  if (typeof thrown !== 'object' || thrown === null) return false;
  try {
    if (thrown instanceof Error) return true;
  } catch {
    // What it looks like counts.
  }
  return typeof read(thrown, 'name') === 'string' && typeof read(thrown, 'message') === 'string';
}

const NONE: readonly string[] = Object.freeze([]);

function violationsOf(thrown: object): readonly string[] {
  const violations = read(thrown, 'violations');
  if (violations === undefined) return NONE;
  const some = attempt(() =>
    Array.isArray(violations) ? (violations.slice(0, MAX_VIOLATIONS) as unknown[]) : [],
  );
  return (some ?? []).map((one) => cap(describe(one), MAX_VIOLATION));
}

function describe(value: unknown): string {
  if (typeof value === 'string') return value;
  const text =
    typeof value === 'object'
      ? attempt(() => toJson(value))
      : attempt(() => String(value as symbol));
  return text ?? attempt(() => Object.prototype.toString.call(value)) ?? '[an object]';
}

function toJson(value: unknown): string | undefined {
  return JSON.stringify(value);
}

function read(thrown: object, property: string): unknown {
  try {
    return Reflect.get(thrown, property);
  } catch {
    return undefined;
  }
}

/** What was thrown may be hostile: any look at it, through a getter or a Proxy, may throw by itself. */
function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

const SURROGATE = /[\ud800-\udfff]/;

/** Redis' own JSON library refuses halves of surrogate pairs, and with them the whole history. */
function cap(text: string, length: number): string {
  const short =
    text.length <= length ? text : `${text.slice(0, length - 1).replace(/[\ud800-\udbff]$/, '')}…`;
  return SURROGATE.test(short) ? Buffer.from(short).toString() : short;
}
