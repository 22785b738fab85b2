import { LeanMQError } from '../errors.js';

/** The story of a failure as it travels with a retry and rests in a dead letter. Each text is capped in size. */
export interface ErrorRecord {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly code?: string;
  /** Violations of a payload that did not pass validation. */
  readonly violations?: readonly string[];
  readonly cause?: { readonly name: string; readonly message: string };
}

const MAX_MESSAGE = 2_000;
// A retry carries its last error in Redis for as long as it waits, so a deep stack must not dwarf the payload.
const MAX_STACK = 4_000;
const MAX_VIOLATIONS = 50;

/** Describes whatever a handler threw, also when that is not an Error. Never throws. */
export function recordError(thrown: unknown): ErrorRecord {
  if (!(thrown instanceof Error)) {
    return { name: 'NonError', message: cap(describe(thrown), MAX_MESSAGE) };
  }
  const code: unknown = thrown instanceof LeanMQError ? thrown.code : Reflect.get(thrown, 'code');
  const violations: unknown = Reflect.get(thrown, 'violations');
  const { cause } = thrown;
  return {
    name: cap(thrown.name, 200),
    message: cap(thrown.message, MAX_MESSAGE),
    ...(typeof thrown.stack === 'string' && { stack: cap(thrown.stack, MAX_STACK) }),
    ...(typeof code === 'string' && { code: cap(code, 200) }),
    ...(Array.isArray(violations) &&
      violations.length > 0 && {
        violations: violations.slice(0, MAX_VIOLATIONS).map((one) => cap(String(one), 500)),
      }),
    ...(cause instanceof Error && {
      cause: { name: cap(cause.name, 200), message: cap(cause.message, MAX_MESSAGE) },
    }),
  };
}

function describe(value: unknown): string {
  try {
    return typeof value === 'string' ? value : (toJson(value) ?? String(value));
  } catch {
    return Object.prototype.toString.call(value);
  }
}

function toJson(value: unknown): string | undefined {
  return JSON.stringify(value);
}

// Takes what should be a text, because what was thrown may be anything.
function cap(value: unknown, length: number): string {
  const text = String(value);
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
