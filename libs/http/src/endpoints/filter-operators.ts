import type { FilterScalar } from './filter.js';

/** Stands for what is not there. */
export const ABSENT = Symbol('absent');

export type Test = (value: unknown) => boolean;

interface Operator {
  readonly accepts: (operand: unknown) => boolean;
  readonly allowed: string;
  readonly test: (operand: never) => Test;
}

const MAX_LIST = 100;
const MAX_TEXT = 512;

export function isScalar(value: unknown): value is FilterScalar {
  if (typeof value === 'string') return value.length <= MAX_TEXT;
  return value === null || typeof value === 'boolean' || Number.isFinite(value);
}

function isScalars(value: unknown): boolean {
  return Array.isArray(value) && value.length <= MAX_LIST && value.every(isScalar);
}

function isOrdered(value: unknown): boolean {
  return isScalar(value) && (typeof value === 'number' || typeof value === 'string');
}

const SCALAR = `a text of at most ${MAX_TEXT} characters, a number, true, false or null`;
const SCALARS = `a list of at most ${MAX_LIST}, each ${SCALAR}`;

type Ordered = number | string;

/** Compares numbers with numbers and texts with texts; anything else does not hold. */
function comparison(holds: (value: Ordered, operand: Ordered) => boolean): Operator {
  return {
    accepts: isOrdered,
    allowed: 'a number or a text',
    test: (operand: Ordered) => (value) =>
      typeof value === typeof operand && holds(value as Ordered, operand),
  };
}

/** The operators that compare one value. What is absent equals nothing, so `$ne` and `$nin` hold for it. */
export const OPERATORS: Readonly<Record<string, Operator>> = Object.freeze({
  $eq: {
    accepts: isScalar,
    allowed: SCALAR,
    test: (operand: FilterScalar) => (value) => value === operand,
  },
  $ne: {
    accepts: isScalar,
    allowed: SCALAR,
    test: (operand: FilterScalar) => (value) => value !== operand,
  },
  $gt: comparison((value, operand) => value > operand),
  $gte: comparison((value, operand) => value >= operand),
  $lt: comparison((value, operand) => value < operand),
  $lte: comparison((value, operand) => value <= operand),
  $in: {
    accepts: isScalars,
    allowed: SCALARS,
    test: (operand: readonly FilterScalar[]) => {
      const wanted = new Set<unknown>(operand);
      return (value) => wanted.has(value);
    },
  },
  $nin: {
    accepts: isScalars,
    allowed: SCALARS,
    test: (operand: readonly FilterScalar[]) => {
      const unwanted = new Set<unknown>(operand);
      return (value) => !unwanted.has(value);
    },
  },
  $exists: {
    accepts: (operand) => typeof operand === 'boolean',
    allowed: 'true or false',
    test: (operand: boolean) => (value) => (value !== ABSENT) === operand,
  },
  $startsWith: {
    accepts: (operand) => typeof operand === 'string' && isScalar(operand),
    allowed: `a text of at most ${MAX_TEXT} characters`,
    test: (operand: string) => (value) => typeof value === 'string' && value.startsWith(operand),
  },
});
