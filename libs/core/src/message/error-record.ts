/** Summary of an error, without its stack. */
export interface ErrorSummary {
  readonly name: string;
  readonly message: string;
  /** The error's `code`, such as `ECONNREFUSED` or 1062. */
  readonly code?: string | number;
  /** HTTP status, from `status` or `statusCode` of the error or of its `response`. */
  readonly status?: number;
  /** Cause of the error; the chain is cut after three. */
  readonly cause?: ErrorSummary;
  /** The first three errors of an AggregateError. */
  readonly errors?: readonly ErrorSummary[];
}

/** Record of a failure, stored with a retry and in a dead letter. The size of each text is limited. */
export interface ErrorRecord extends ErrorSummary {
  /** Stack of the error. Every dead letter of a failure has it; retries may omit it when many fail at the same moment. */
  readonly stack?: string;
  /** Violations of a payload that failed validation. */
  readonly violations?: readonly string[];
}

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };

const MAX_NAME = 200;
const MAX_MESSAGE = 2_000;
// Redis stores the last error of every waiting retry, so a deep stack must not dwarf the payload.
const MAX_STACK = 4_000;
const MAX_CAUSES = 3;
const MAX_ERRORS = 3;
// Applies to causes of causes, and to each error of an AggregateError.
const MAX_DEEP_MESSAGE = 500;
const MAX_VIOLATIONS = 50;
const MAX_VIOLATION = 500;

/**
 * Describes any thrown value, including one that is not an Error. Never throws.
 *
 * @param withStack false to skip the stack: V8 formats it on first access, which takes longer than everything else
 */
export function recordError(thrown: unknown, withStack = true): ErrorRecord {
  if (!isErrorLike(thrown)) return brief(thrown);
  const stack = withStack ? read(thrown, 'stack') : undefined;
  const violations = violationsOf(thrown);
  // Assign field by field: every failure takes this path, and conditional spreads are slow.
  const record: Mutable<ErrorRecord> = brief(thrown);
  if (typeof stack === 'string') record.stack = cap(stack, MAX_STACK);
  addFacts(record, thrown);
  if (violations.length > 0) record.violations = violations;
  addOthers(record, thrown, MAX_CAUSES);
  return record;
}

/** Adds the code and the HTTP status of an error. */
function addFacts(summary: Mutable<ErrorSummary>, thrown: object): void {
  const code = read(thrown, 'code');
  if (typeof code === 'string') summary.code = cap(code, MAX_NAME);
  else if (typeof code === 'number' && Number.isFinite(code)) summary.code = code;
  const status = statusOf(thrown);
  if (status !== undefined) summary.status = status;
}

function statusOf(thrown: object): number | undefined {
  const own = asStatus(read(thrown, 'status')) ?? asStatus(read(thrown, 'statusCode'));
  if (own !== undefined) return own;
  const response = read(thrown, 'response');
  if (typeof response !== 'object' || response === null) return undefined;
  return asStatus(read(response, 'status')) ?? asStatus(read(response, 'statusCode'));
}

function asStatus(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d{3}$/.test(value) ? Number(value) : value;
  const isStatus =
    Number.isInteger(number) && (number as number) >= 100 && (number as number) < 1_000;
  return isStatus ? (number as number) : undefined;
}

/** Adds the cause of an error, and the errors of an AggregateError. */
function addOthers(summary: Mutable<ErrorSummary>, thrown: object, deeper: number): void {
  const cause = read(thrown, 'cause');
  if (cause !== undefined && deeper > 0) {
    summary.cause = summaryOf(cause, deeper - 1, deeper === MAX_CAUSES ? MAX_MESSAGE : undefined);
  }
  const errors = read(thrown, 'errors');
  if (errors === undefined) return;
  const some = attempt(() =>
    Array.isArray(errors) ? (errors.slice(0, MAX_ERRORS) as unknown[]) : [],
  );
  const those = (some ?? []).filter((each) => isErrorLike(each));
  if (those.length > 0) summary.errors = those.map((each) => summaryOf(each, 0));
}

function summaryOf(thrown: unknown, deeper: number, most = MAX_DEEP_MESSAGE): ErrorSummary {
  const summary: Mutable<ErrorSummary> = brief(thrown, most);
  if (!isErrorLike(thrown)) return summary;
  addFacts(summary, thrown);
  // An error inside an AggregateError gets no further details.
  if (deeper > 0 || most !== MAX_DEEP_MESSAGE) addOthers(summary, thrown, deeper);
  return summary;
}

function brief(thrown: unknown, most = MAX_MESSAGE): { name: string; message: string } {
  if (!isErrorLike(thrown)) return { name: 'NonError', message: cap(describe(thrown), most) };
  const name = read(thrown, 'name');
  return {
    name: cap(typeof name === 'string' ? name : 'Error', MAX_NAME),
    message: cap(describe(read(thrown, 'message')), most),
  };
}

/**
 * Duck-types: `instanceof` fails for an error of another realm, such as Node's own errors in a test runner's sandbox.
 */
function isErrorLike(thrown: unknown): thrown is object {
  if (typeof thrown !== 'object' || thrown === null) return false;
  try {
    if (thrown instanceof Error) return true;
  } catch {
    // A Proxy may refuse `instanceof`; its properties decide.
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

/** Reads from a hostile value: any access through a getter or a Proxy may throw. */
function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

const SURROGATE = /[\ud800-\udfff]/;

/** Limits the length of a text and repairs lone surrogates: for one of them, Redis's JSON library refuses the whole history. */
function cap(text: string, length: number): string {
  const short =
    text.length <= length ? text : `${text.slice(0, length - 1).replace(/[\ud800-\udbff]$/, '')}…`;
  return SURROGATE.test(short) ? Buffer.from(short).toString() : short;
}
